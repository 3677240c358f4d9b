//go:build linux

package vhosttest

import (
	"fmt"
	"slices"
)

// protocolFeatures are what QEMU 11 takes of those that the device offers, and
// virtio_uml.
const (
	protocolFeaturesQEMU = 0x18229
	protocolFeaturesUML  = 0x228
)

// step is a message that is sent.
type step struct {
	request uint32
	how     uint32 // order, query or quiet
	payload []byte
	fds     []int
}

const (
	quiet uint32 = iota // no answer is wanted
	order               // with NEED_REPLY
	query               // has an answer of its own
)

// take sends messages one after the other.
func (f *Front) take(steps ...step) error {
	for _, s := range steps {
		var err error
		switch s.how {
		case query:
			_, err = f.Ask(s.request, s.payload)
		case order:
			err = f.Order(s.request, s.payload, s.fds...)
		default:
			err = f.Send(s.request, Version, s.payload, s.fds...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Connect makes the machine and starts the driver.
func (f *Front) Connect() error {
	if err := f.Realize(); err != nil {
		return err
	}
	return f.Start()
}

// Realize sends what comes before the guest runs.
func (f *Front) Realize() error {
	if f.opt.UML {
		return f.take(
			step{request: SetOwner},
			step{request: GetFeatures, how: query},
			step{request: GetProtocolFeatures, how: query},
			step{request: SetProtocolFeatures, how: order, payload: U64(protocolFeaturesUML)},
			step{request: SetBackendReqFD, how: order, fds: []int{f.BackendFD()}},
		)
	}
	return f.take(
		step{request: GetFeatures, how: query},
		step{request: GetProtocolFeatures, how: query},
		step{request: SetProtocolFeatures, payload: U64(protocolFeaturesQEMU)},
		step{request: GetQueueNum, how: query},
		step{request: GetMaxMemSlots, how: query},
		step{request: SetBackendReqFD, how: order, fds: []int{f.BackendFD()}},
		step{request: SetOwner},
		step{request: GetFeatures, how: query},
		f.callStep(),
		step{request: SetVringErr, how: order, payload: U64(0), fds: []int{f.err}},
		step{request: GetConfig, how: query, payload: append(U32(0, 64, 0), make([]byte, 64)...)},
	)
}

func (f *Front) callStep() step {
	return step{request: SetVringCall, how: order, payload: U64(0), fds: []int{f.CallFD()}}
}

// Start starts the driver with an empty ring.
func (f *Front) Start() error {
	f.clearRing()
	return f.start(0)
}

// start sends what comes when the driver says DRIVER_OK, or the machine goes
// on.
func (f *Front) start(base uint16) error {
	if f.opt.UML {
		return f.take(f.umlSteps(base)...)
	}
	steps := []step{
		{request: SetFeatures, payload: U64(f.opt.Features)},
		{request: GetStatus, how: query},
	}
	if !f.begun {
		f.begun = true
		high := uint64(len(f.mem)) - highStart
		steps = append(steps,
			step{request: SetStatus, payload: U64(8)},
			step{request: AddMemReg, how: order, payload: Region(0, lowEnd, UserBase, 0), fds: []int{f.memFD}},
			step{request: AddMemReg, how: order, payload: Region(highStart, high, UserBase+highStart, highStart), fds: []int{f.memFD}})
	}
	steps = append(steps, f.ringSteps(base, quiet)...)
	return f.take(append(steps,
		f.kickStep(), f.callStep(),
		step{request: SetVringEnable, payload: U32(0, 1)},
		f.callStep())...)
}

func (f *Front) ringSteps(base uint16, how uint32) []step {
	return []step{
		{request: SetVringNum, how: how, payload: U32(0, uint32(f.opt.QueueSize))},
		{request: SetVringBase, how: how, payload: U32(0, uint32(base))},
		{request: SetVringAddr, how: how, payload: f.AddrPayload()},
	}
}

func (f *Front) kickStep() step {
	return step{request: SetVringKick, how: order, payload: U64(0), fds: []int{f.kick}}
}

// umlSteps are those of virtio_uml, which says the front-end's address of
// memory is the guest's; here it is the same as in QEMU.
func (f *Front) umlSteps(base uint16) []step {
	high := uint64(len(f.mem)) - highStart
	table := Table([4]uint64{highStart, high, UserBase + highStart, highStart})
	steps := []step{
		{request: SetFeatures, how: order, payload: U64(f.opt.Features)},
		// The payload has room for one region more than it counts.
		{request: SetMemTable, how: order, payload: append(table, make([]byte, 32)...), fds: []int{f.memFD}},
		f.callStep(),
	}
	steps = slices.Concat(steps, f.ringSteps(base, order))
	return append(steps, f.kickStep(), step{request: SetVringEnable, how: order, payload: U32(0, 1)})
}

// AddrPayload is the payload of SET_VRING_ADDR for the ring.
func (f *Front) AddrPayload() []byte {
	p := U32(0, 0)
	return append(p, U64(UserBase+f.desc, UserBase+f.used, UserBase+f.avail, 0)...)
}

// Stop stops the machine, as QMP's stop does.
func (f *Front) Stop() error {
	if err := f.Send(SetVringEnable, Version, U32(0, 0)); err != nil {
		return err
	}
	return f.AskBase()
}

// AskBase stops the ring without disabling it first.
func (f *Front) AskBase() error {
	answer, err := f.Ask(GetVringBase, U32(0, 0))
	if err != nil {
		return err
	}
	if len(answer) != 8 || native.Uint32(answer) != 0 {
		return fmt.Errorf("GET_VRING_BASE was answered with %x", answer)
	}
	f.base = uint16(native.Uint32(answer[4:]))
	return nil
}

// Base is what the last Stop or AskBase was answered.
func (f *Front) Base() uint16 { return f.base }

// Continue goes on after Stop, as QMP's cont does.
func (f *Front) Continue() error { return f.ContinueFrom(f.base) }

// ContinueFrom is Continue with a base of one's own.
func (f *Front) ContinueFrom(base uint16) error { return f.start(base) }

// Reset is a driver that is unbound and bound, or a machine that is reset. With
// virtio_uml the ring is disabled, and its base not asked for.
func (f *Front) Reset() error {
	if f.opt.UML {
		if err := f.Order(SetVringEnable, U32(0, 0)); err != nil {
			return err
		}
		return f.Start()
	}
	if err := f.Stop(); err != nil {
		return err
	}
	return f.Start()
}
