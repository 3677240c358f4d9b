//go:build linux

package vhosttest

import (
	"fmt"
	"slices"
)

// protocolFeatures are the offered protocol features that QEMU 11 and virtio_uml accept.
const (
	protocolFeaturesQEMU = 0x18229
	protocolFeaturesUML  = 0x228
)

// step is a message to send.
type step struct {
	request uint32
	how     uint32 // order, query or quiet
	payload []byte
	fds     []int
}

const (
	quiet uint32 = iota // no reply
	order               // a reply because of NEED_REPLY
	query               // always a reply, with a payload
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

// Connect creates the machine and starts the driver.
func (f *Front) Connect() error {
	if err := f.Realize(); err != nil {
		return err
	}
	return f.Start()
}

// Realize sends the messages before the guest runs.
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

// start sends the messages for DRIVER_OK of the driver, or for a machine that goes on.
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

// umlSteps returns the steps of virtio_uml. There the front-end's addresses of memory are the
// guest's. Here they are the same as in QEMU.
func (f *Front) umlSteps(base uint16) []step {
	high := uint64(len(f.mem)) - highStart
	table := Table([4]uint64{highStart, high, UserBase + highStart, highStart})
	steps := []step{
		{request: SetFeatures, how: order, payload: U64(f.opt.Features)},
		// The payload has space for one region more than it counts.
		{request: SetMemTable, how: order, payload: append(table, make([]byte, 32)...), fds: []int{f.memFD}},
		f.callStep(),
	}
	steps = slices.Concat(steps, f.ringSteps(base, order))
	return append(steps, f.kickStep(), step{request: SetVringEnable, how: order, payload: U32(0, 1)})
}

// AddrPayload returns the payload of SET_VRING_ADDR for the ring.
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

// Base returns the base that the last Stop or AskBase received.
func (f *Front) Base() uint16 { return f.base }

// Continue goes on after Stop, as QMP's cont does.
func (f *Front) Continue() error { return f.ContinueFrom(f.base) }

// ContinueFrom is like Continue, with another base.
func (f *Front) ContinueFrom(base uint16) error { return f.start(base) }

// Reset plays a driver that is unbound and bound again, or a machine that is reset. With
// Options.UML it disables the ring and does not ask for its base.
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
