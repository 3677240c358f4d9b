//go:build linux

package vhosttest

import "fmt"

// maxSlots is the most chains that a Front uses at a time.
const maxSlots = 256

// perChain returns the most descriptors of a chain.
func (f *Front) perChain() int {
	if f.opt.Split == 0 {
		return 2
	}
	parts := func(n int) int { return (n + f.opt.Split - 1) / f.opt.Split }
	return parts(f.opt.MaxRequest) + parts(f.opt.MaxRoom)
}

// slots returns how many chains there are.
func (f *Front) slots() int {
	n := f.opt.QueueSize
	if f.opt.Direct {
		n /= f.perChain()
	}
	return min(n, maxSlots)
}

// stride returns the size of the buffers of a chain, in bytes.
func (f *Front) stride() int {
	return int(roundUp(uint64(f.opt.MaxRequest)) + roundUp(uint64(f.opt.MaxRoom)))
}

// slotHead returns the head of a slot's chain.
func (f *Front) slotHead(slot int) uint16 {
	if f.opt.Direct {
		return uint16(slot * f.perChain())
	}
	return uint16(slot)
}

// slotOf returns the slot whose chain has a head.
func (f *Front) slotOf(head uint16) int {
	if f.opt.Direct {
		return int(head) / f.perChain()
	}
	return int(head)
}

func (f *Front) requestAt(slot int) uint64 { return uint64(buffers + slot*f.stride()) }

func (f *Front) roomAt(slot int) uint64 {
	return f.requestAt(slot) + roundUp(uint64(f.opt.MaxRequest))
}

// Call sends a request, with room for an answer of so many bytes. It returns the answer,
// which is valid until the next one.
func (f *Front) Call(request []byte, room int) (answer []byte, err error) {
	if err := f.Submit(0, request, room); err != nil {
		return nil, err
	}
	if err := f.Tell(); err != nil {
		return nil, err
	}
	_, answer, err = f.Answer()
	return answer, err
}

// Submit writes a request to a slot. A slot is a number from 0, and must have no request in
// flight. The device sees the request after Tell.
func (f *Front) Submit(slot int, request []byte, room int) error {
	if slot >= f.slots() || len(request) > f.opt.MaxRequest || room > f.opt.MaxRoom {
		return fmt.Errorf("slot %d, request of %d, room for %d: more than the options say", slot, len(request), room)
	}
	copy(f.mem[f.requestAt(slot):], request)
	w := chainWriter{front: f, first: f.DescAt(int(f.slotHead(slot)))}
	if !f.opt.Direct {
		w.first = uint64(tables + slot*tableSize)
	} else {
		w.base = f.slotHead(slot)
	}
	w.buffer(f.requestAt(slot), len(request), 0)
	w.buffer(f.roomAt(slot), room, Write)
	w.end()
	if !f.opt.Direct {
		if w.n*descSize > tableSize {
			return fmt.Errorf("%d descriptors do not fit a table", w.n)
		}
		f.PutDesc(f.DescAt(slot), Desc{w.first, uint32(w.n * descSize), Indirect, 0})
	}
	f.add(f.slotHead(slot))
	return nil
}

// Answer waits for the next answer and returns it. It is valid until the one after it.
func (f *Front) Answer() (slot int, answer []byte, err error) {
	head, size, err := f.Used()
	if err != nil {
		return 0, nil, err
	}
	slot = f.slotOf(head)
	if slot >= f.slots() || int(size) > f.opt.MaxRoom {
		return 0, nil, fmt.Errorf("chain %d was given back with %d bytes", head, size)
	}
	at := f.roomAt(slot)
	f.answer = append(f.answer[:0], f.mem[at:at+uint64(size)]...)
	return slot, f.answer, nil
}

// Pipeline sends a request n times, with depth of them in flight. It calls check for each
// answer.
func (f *Front) Pipeline(depth, n int, request []byte, room int, check func(answer []byte) error) error {
	sent := 0
	for ; sent < min(depth, n); sent++ {
		if err := f.Submit(sent, request, room); err != nil {
			return err
		}
	}
	if err := f.Tell(); err != nil {
		return err
	}
	for range n {
		slot, answer, err := f.Answer()
		if err != nil {
			return err
		}
		if err := check(answer); err != nil {
			return err
		}
		if sent < n {
			sent++
			f.again(slot, request)
		}
		if f.UsedIdx() == f.tails.used { // no more answers for now
			if err := f.Tell(); err != nil {
				return err
			}
		}
	}
	return nil
}

// again submits a request to a slot whose last request had the same size and room. The
// descriptors of that one are used again.
func (f *Front) again(slot int, request []byte) {
	copy(f.mem[f.requestAt(slot):], request)
	f.add(f.slotHead(slot))
}

// chainWriter writes the descriptors of a chain, one after the other.
type chainWriter struct {
	front *Front
	first uint64 // guest address of the first descriptor
	base  uint16 // number of the first descriptor in its table
	n     int
	last  Desc
}

// buffer adds a buffer, split into parts of at most Options.Split bytes.
func (w *chainWriter) buffer(at uint64, size int, flags uint16) {
	for size > 0 {
		n := size
		if w.front.opt.Split > 0 {
			n = min(n, w.front.opt.Split)
		}
		w.add(Desc{Addr: at, Size: uint32(n), Flags: flags})
		at, size = at+uint64(n), size-n
	}
}

func (w *chainWriter) add(d Desc) {
	if w.n > 0 {
		w.last.Flags |= Next
		w.last.Next = w.base + uint16(w.n)
		w.put(w.n - 1)
	}
	w.last = d
	w.n++
}

func (w *chainWriter) put(i int) { w.front.PutDesc(w.first+uint64(i)*descSize, w.last) }

func (w *chainWriter) end() {
	if w.n > 0 {
		w.put(w.n - 1)
	}
}
