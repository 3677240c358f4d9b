//go:build linux

package vhostuser

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"
)

// le is the byte order of a ring.
var le = binary.LittleEndian

// Layout of a split ring in bytes (virtio 1.2 sections 2.7.5, 2.7.6, 2.7.8).
const (
	descSize     = 16 // of a descriptor: address 8, length 4, flags 2, next 2
	ringHead     = 4  // flags 2, idx 2, at the start of both rings
	availElem    = 2
	usedElem     = 8 // id 4, length 4
	eventSize    = 2 // after both rings: used_event, avail_event
	descAlign    = 16
	availAlign   = 2
	usedAlign    = 4
	noInterrupts = 1 // of the available ring's flags
)

// Flags of a descriptor (virtio 1.2 section 2.7.5).
const (
	descNext     = 1
	descWrite    = 2
	descIndirect = 4
)

// ringAddresses are the addresses of a ring's parts in the front-end's process. Plain data.
type ringAddresses struct {
	Size              uint16 // entries, a power of two
	Desc, Avail, Used uint64
}

// ring is a split ring in mapped memory. The front-end may truncate that memory at any time:
// see protect.
type ring struct {
	size  uint16
	desc  []byte
	avail []byte
	used  []byte
}

// mapRing finds the parts of a ring.
func mapRing(m *memory, a ringAddresses) (ring, error) {
	n := uint64(a.Size)
	if n == 0 {
		return ring{}, errors.New("the ring has no size yet")
	}
	r := ring{size: a.Size}
	parts := []struct {
		name              string
		at                *[]byte
		addr, size, align uint64
	}{
		{"descriptor table", &r.desc, a.Desc, n * descSize, descAlign},
		{"available ring", &r.avail, a.Avail, ringHead + n*availElem + eventSize, availAlign},
		{"used ring", &r.used, a.Used, ringHead + n*usedElem + eventSize, usedAlign},
	}
	for _, p := range parts {
		bytes, err := m.user(p.addr, p.size)
		if err != nil {
			return ring{}, fmt.Errorf("%s: %w", p.name, err)
		}
		// Atomic access needs aligned addresses also in this process.
		if here := uint64(uintptr(unsafe.Pointer(&bytes[0]))); p.addr%p.align != 0 || here%p.align != 0 {
			return ring{}, fmt.Errorf("%s: address %#x is not aligned to %d bytes", p.name, p.addr, p.align)
		}
		*p.at = bytes
	}
	return r, nil
}

// word returns the aligned 32-bit word that contains the 16-bit number at p, and the number's
// offset in the word. Go has no atomic access to 16 bits. Two bytes of the word may not
// belong to the ring. But the word is always in the mapping, which consists of whole pages.
func word(p *byte) (w *uint32, offset uintptr) {
	offset = uintptr(unsafe.Pointer(p)) & 3
	return (*uint32)(unsafe.Add(unsafe.Pointer(p), -int(offset))), offset
}

// load16 reads a number that the other side writes. Later reads see memory that is at least
// as new.
func load16(p *byte) uint16 {
	w, offset := word(p)
	var b [4]byte
	native.PutUint32(b[:], atomic.LoadUint32(w))
	return le.Uint16(b[offset:])
}

// store16 writes a number that the other side reads. Earlier writes take effect before it,
// and later reads happen after it. It does not change the other half of the word.
func store16(p *byte, v uint16) {
	w, offset := word(p)
	for {
		before := atomic.LoadUint32(w)
		var b [4]byte
		native.PutUint32(b[:], before)
		le.PutUint16(b[offset:], v)
		if atomic.CompareAndSwapUint32(w, before, native.Uint32(b[:])) {
			return
		}
	}
}

// availIdx returns how many chains the driver has made available, modulo 2^16.
func (r *ring) availIdx() uint16 { return load16(&r.avail[2]) }

// availHead returns the head of the chain at an index.
func (r *ring) availHead(idx uint16) uint16 {
	return le.Uint16(r.avail[ringHead+availElem*int(idx&(r.size-1)):])
}

// wantsNoInterrupts reports whether the driver wants no interrupts. It is for rings without
// an event index.
func (r *ring) wantsNoInterrupts() bool { return load16(&r.avail[0])&noInterrupts != 0 }

// usedEvent returns the used index after which the driver wants an interrupt.
func (r *ring) usedEvent() uint16 {
	return load16(&r.avail[ringHead+availElem*int(r.size)])
}

// setAvailEvent asks the driver for a kick when it makes the chain at an index available.
func (r *ring) setAvailEvent(idx uint16) {
	store16(&r.used[ringHead+usedElem*int(r.size)], idx)
}

func (r *ring) usedIdx() uint16       { return load16(&r.used[2]) }
func (r *ring) setUsedIdx(idx uint16) { store16(&r.used[2], idx) }

// usedAt returns the entry of the used ring at an index.
func (r *ring) usedAt(idx uint16) []byte {
	at := ringHead + usedElem*int(idx&(r.size-1))
	return r.used[at : at+usedElem]
}

// crossed reports whether an index passed event on its way from before to after (virtio 1.2
// section 2.7.7.2 and vring_need_event of Linux's virtio_ring.h).
func crossed(event, after, before uint16) bool {
	return after-event-1 < after-before
}

// descriptor is an entry of a table, read once.
type descriptor struct {
	addr  uint64
	size  uint32
	flags uint16
	next  uint16
}

// descriptorAt reads an entry as two words, each once.
func descriptorAt(table []byte, i int) descriptor {
	p := table[i*descSize : i*descSize+descSize]
	addr, rest := le.Uint64(p), le.Uint64(p[8:])
	return descriptor{addr, uint32(rest), uint16(rest >> 32), uint16(rest >> 48)}
}
