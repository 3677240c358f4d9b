//go:build linux

package vhostuser

import (
	"errors"
	"fmt"
)

const (
	// maxTable is the most descriptors of an indirect table. Linux makes tables that are
	// longer than the ring (drivers/virtio/virtio_ring.c), although virtio 1.2 section
	// 2.7.5.3.1 forbids it.
	maxTable = 1024

	// maxChain is the most bytes in all buffers of a chain. virtio 1.2 section 2.7.5 allows
	// 4 GiB.
	maxChain = 1 << 30
)

// segment is one buffer of the room for an answer.
type segment struct {
	addr uint64
	size uint32
}

// slot is for the chain of one head. The chain is in use from when it is taken until it is
// given back.
type slot struct {
	serial uint64    // of the chain in use; 0: none
	room   int       // sum of the segments, in bytes
	into   []segment // nil if no chain is in use
}

// walk reads the chain that begins at a head. It copies the request to buf, as far as it
// fits, and writes the room for the answer to s. It returns the size of the request.
func (q *queue) walk(head uint16, buf []byte, s *slot) (size int, err error) {
	table := q.ring.desc
	d := descriptorAt(table, int(head))
	if d.flags&descIndirect != 0 {
		if table, err = q.indirect(d); err != nil {
			return 0, err
		}
		d = descriptorAt(table, 0)
	}
	w := walk{memory: q.memory, buf: buf, slot: s}
	s.room, s.into = 0, s.into[:0]
	entries := len(table) / descSize
	for range entries {
		if err := w.add(d); err != nil {
			return 0, err
		}
		if d.flags&descNext == 0 {
			return w.size, nil
		}
		next := int(d.next)
		if next >= entries {
			return 0, fmt.Errorf("descriptor %d is not in the table of %d", next, entries)
		}
		d = descriptorAt(table, next)
	}
	return 0, errors.New("the chain is a loop")
}

// indirect returns an indirect table. If the table is in more than one region, the result is
// a copy.
func (q *queue) indirect(d descriptor) ([]byte, error) {
	switch {
	case !q.indirectTables:
		return nil, errors.New("an indirect table was not agreed on")
	case d.flags&descNext != 0:
		return nil, errors.New("an indirect table is followed by a descriptor")
	case d.size == 0 || d.size%descSize != 0 || d.size > maxTable*descSize:
		return nil, fmt.Errorf("an indirect table of %d bytes", d.size)
	}
	if here := q.memory.piece(d.addr, uint64(d.size)); len(here) == int(d.size) {
		return here, nil
	}
	if q.table == nil {
		q.table = make([]byte, maxTable*descSize)
	}
	table := q.table[:d.size]
	if q.memory.read(table, d.addr) < len(table) {
		return nil, fmt.Errorf("an indirect table at %#x is not in guest memory", d.addr)
	}
	return table, nil
}

// walk is the state of a walk along a chain.
type walk struct {
	memory *memory
	buf    []byte // where the rest of the request goes
	slot   *slot
	size   int // of the request so far
}

// add adds the buffer of a descriptor. d is a copy, because the descriptor in guest memory
// can change.
func (w *walk) add(d descriptor) error {
	if d.flags&descIndirect != 0 {
		return errors.New("an indirect table is not alone in its chain")
	}
	if uint64(w.size)+uint64(w.slot.room)+uint64(d.size) > maxChain {
		return fmt.Errorf("a chain of more than %d bytes", maxChain)
	}
	here := w.memory.piece(d.addr, uint64(d.size)) // mostly all of it
	if len(here) < int(d.size) && !w.memory.has(d.addr, uint64(d.size)) {
		return fmt.Errorf("a buffer of %d bytes at %#x is not in guest memory", d.size, d.addr)
	}
	if d.flags&descWrite != 0 {
		w.slot.room += int(d.size)
		w.slot.into = append(w.slot.into, segment{d.addr, d.size})
		return nil
	}
	if w.slot.room > 0 || len(w.slot.into) > 0 {
		return errors.New("a part of the request is after the room for the answer")
	}
	w.size += int(d.size)
	if len(here) == int(d.size) {
		w.buf = w.buf[copy(w.buf, here):]
		return nil
	}
	n := w.memory.read(w.buf[:min(len(w.buf), int(d.size))], d.addr)
	w.buf = w.buf[n:]
	return nil
}
