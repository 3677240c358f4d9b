//go:build linux

package vhosttest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Flags of descriptors.
const (
	Next     = 1
	Write    = 2
	Indirect = 4
)

const descSize = 16

var le = binary.LittleEndian

// tails are the driver's indices.
type tails struct {
	avail  uint16 // index of the next chain
	kicked uint16 // available index at the last Tell
	used   uint16 // index of the next answer
}

// Desc is a descriptor.
type Desc struct {
	Addr  uint64
	Size  uint32
	Flags uint16
	Next  uint16
}

// clearRing clears the ring, as a driver does that has just been bound.
func (f *Front) clearRing() {
	clear(f.mem[f.desc:roundUp(f.used+6+8*uint64(f.opt.QueueSize))])
	f.tails = tails{}
}

// NewRing clears the ring, as a driver does that has just been bound. It sends no message.
func (f *Front) NewRing() { f.clearRing() }

// DescAt returns the guest address of an entry of the ring's own table.
func (f *Front) DescAt(i int) uint64 { return f.desc + uint64(i)*descSize }

// AvailAt returns the guest address of the available ring.
func (f *Front) AvailAt() uint64 { return f.avail }

// UsedAt returns the guest address of the used ring.
func (f *Front) UsedAt() uint64 { return f.used }

// PutDesc writes a descriptor to a guest address.
func (f *Front) PutDesc(at uint64, d Desc) {
	p := f.mem[at : at+descSize]
	le.PutUint64(p, d.Addr)
	le.PutUint32(p[8:], d.Size)
	le.PutUint16(p[12:], d.Flags)
	le.PutUint16(p[14:], d.Next)
}

// PutChain writes descriptors to the start of the ring's own table, without checks.
func (f *Front) PutChain(descs ...Desc) {
	for i, d := range descs {
		f.PutDesc(f.DescAt(i), d)
	}
}

// Offer makes a chain available and kicks, even if the device did not ask for a kick. It does
// not wait.
func (f *Front) Offer(head uint16) error {
	f.add(head)
	f.SetAvailIdx(f.tails.avail)
	return f.Kick()
}

// add writes a chain's head to the available ring. The available index does not include it
// yet.
func (f *Front) add(head uint16) {
	at := f.avail + 4 + 2*uint64(int(f.tails.avail)&(f.opt.QueueSize-1))
	le.PutUint16(f.mem[at:], head)
	f.tails.avail++
}

// word returns the aligned word at a guest address, for atomic access.
func (f *Front) word(at uint64) *uint32 { return (*uint32)(unsafe.Pointer(&f.mem[at])) }

// half returns one of the two numbers in a word, in memory order.
func half(w uint32, i int) uint16 {
	var b [4]byte
	native.PutUint32(b[:], w)
	return le.Uint16(b[2*i:])
}

// putHalves writes the two numbers of a word. Later reads happen after the write. An atomic
// store does not ensure that under the race detector, which leaves out the barrier for memory
// that Go did not allocate (__tsan_go_atomic32_store). Then a wake-up would get lost.
func (f *Front) putHalves(at uint64, first, second uint16) {
	var b [4]byte
	le.PutUint16(b[:], first)
	le.PutUint16(b[2:], second)
	atomic.SwapUint32(f.word(at), native.Uint32(b[:]))
}

// SetAvailIdx writes the available index, and 0 to the flags.
func (f *Front) SetAvailIdx(idx uint16) { f.putHalves(f.avail, 0, idx) }

// UsedIdx returns the used index in guest memory.
func (f *Front) UsedIdx() uint16 { return half(atomic.LoadUint32(f.word(f.used)), 1) }

// AvailEvent returns the available index after which the device wants a kick.
func (f *Front) AvailEvent() uint16 {
	return half(atomic.LoadUint32(f.word(f.used+4+8*uint64(f.opt.QueueSize))), 0)
}

// Kick makes the kick eventfd readable, so that the device looks at the ring.
func (f *Front) Kick() error {
	if _, err := unix.Write(f.kick, native.AppendUint64(f.number[:0], 1)); err != nil {
		return fmt.Errorf("kick: %w", err)
	}
	return nil
}

// Tell makes the submitted chains available, and kicks if the device asked for it.
func (f *Front) Tell() error {
	before := f.tails.kicked
	f.SetAvailIdx(f.tails.avail)
	f.tails.kicked = f.tails.avail
	if f.opt.Features&featureEventIdx != 0 {
		if f.tails.avail-f.AvailEvent()-1 >= f.tails.avail-before {
			return nil
		}
	}
	return f.Kick()
}

// askForCall asks for an interrupt at the next answer.
func (f *Front) askForCall() {
	f.putHalves(f.avail+4+2*uint64(f.opt.QueueSize), f.tails.used, 0)
}

// Used waits for the next chain that is given back, at most for Patience. It returns the
// chain's head and how many bytes the device says it has written.
func (f *Front) Used() (head uint16, size uint32, err error) {
	for f.UsedIdx() == f.tails.used {
		f.askForCall()
		if f.UsedIdx() != f.tails.used {
			break
		}
		if err := f.waitForCall(Patience); err != nil {
			return 0, 0, err
		}
	}
	at := f.used + 4 + 8*uint64(int(f.tails.used)&(f.opt.QueueSize-1))
	f.tails.used++
	return uint16(le.Uint32(f.mem[at:])), le.Uint32(f.mem[at+4:]), nil
}

// waitForCall waits for an interrupt. It sets a new deadline only from time to time, because
// that costs more than the wait.
func (f *Front) waitForCall(patience time.Duration) error {
	if now := time.Now(); now.Sub(f.lastCall) > patience/4 {
		if err := f.call.SetReadDeadline(now.Add(patience)); err != nil {
			return err
		}
		f.lastCall = now
	}
	if _, err := f.call.Read(f.number[:]); err != nil {
		return fmt.Errorf("wait for an interrupt: %w", err)
	}
	f.count()
	return nil
}

// count adds the interrupts that were read: an eventfd's sum, or one from a socket.
func (f *Front) count() { f.calls += native.Uint64(f.number[:]) }

// Interrupts returns how many interrupts there were since its last call. It does not wait.
func (f *Front) Interrupts() (uint64, error) {
	raw, err := f.call.SyscallConn()
	if err != nil {
		return 0, err
	}
	err = raw.Control(func(fd uintptr) {
		for {
			n, err := unix.Read(int(fd), f.number[:])
			if err != nil || n != len(f.number) {
				return
			}
			f.count()
		}
	})
	n := f.calls
	f.calls = 0
	return n, err
}

// WaitForErr waits until the back-end reports a broken ring on the error eventfd.
func (f *Front) WaitForErr() error {
	fds := []unix.PollFd{{Fd: int32(f.err), Events: unix.POLLIN}}
	end := time.Now().Add(Patience)
	for time.Now().Before(end) {
		n, err := unix.Poll(fds, int(Patience.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait for the error eventfd: %w", err)
		}
		if n > 0 {
			_, err := unix.Read(f.err, f.number[:])
			return err
		}
	}
	return errors.New("the back-end did not report a broken ring")
}
