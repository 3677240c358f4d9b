//go:build linux

package vhostuser

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime/debug"
)

// ringState is the configuration and the position of a ring. Plain data.
type ringState struct {
	ringAddresses
	Started bool   // between SET_VRING_KICK and GET_VRING_BASE
	Enabled bool   // by SET_VRING_ENABLE
	Base    uint16 // index of the next available chain to take
	Next    uint16 // index of the next used entry to write

	// Left is what the ring looked like when it was stopped, if HasLeft. If it looks the
	// same at the next start, the same driver goes on.
	Left    leftRing
	HasLeft bool
}

// leftRing is what a ring looks like when it is stopped. The base alone is not enough to know
// it again: the base has the same value after 65536 requests, and so has the used index.
type leftRing struct {
	ringAddresses
	Base, Used uint16
	Last       uint64 // the newest entry of the used ring
}

// maxSpare is how many lists of segments a queue keeps for later chains. A caller that has so
// many chains at a time needs no more. If each slot kept its own list, a guest could make a
// ring use 16 MiB for them.
const maxSpare = 64

// queue is the one virtqueue of a device. The lock of its Conn guards it.
type queue struct {
	ringState
	memory *memory

	ring   ring  // mapped if Started and not broken
	broken error // why the ring is out of use until the driver is reset
	fresh  bool  // no answer was published since the ring started

	indirectTables, eventIdx bool // features that driver and device agreed on

	slots  []slot      // by head
	spare  [][]segment // lists of slots that are free again, at most maxSpare
	serial uint64      // of the newest chain
	parked []Answer    // stored while the ring is stopped, with copies of the bytes
	table  []byte      // buffer for a copy of an indirect table; made when first needed

	call notifier
}

// start begins to use the ring. It reports whether the ring begins anew. Then all chains and
// answers of before are dropped.
func (q *queue) start() (anew bool, err error) {
	defer protect(debug.SetPanicOnFault(true), &err)
	if q.ring, err = mapRing(q.memory, q.ringAddresses); err != nil {
		return false, err
	}
	anew = !q.HasLeft || q.Left != q.look(q.ring.usedIdx())
	if anew {
		q.forget()
		q.Next = q.ring.usedIdx()
	}
	q.Started, q.HasLeft, q.fresh = true, false, true
	return anew, nil
}

// look returns what the ring looks like.
func (q *queue) look(used uint16) leftRing {
	return leftRing{q.ringAddresses, q.Base, used, le.Uint64(q.ring.usedAt(used - 1))}
}

// forget drops the state of before the ring begins anew, also the error that broke it.
func (q *queue) forget() {
	q.broken = nil
	q.drop()
	if len(q.slots) != int(q.Size) {
		q.slots = make([]slot, q.Size)
	}
}

// drop drops the chains in use and the stored answers.
func (q *queue) drop() {
	q.parked = nil
	for i := range q.slots {
		q.free(&q.slots[i])
	}
}

// free makes a slot free. Another slot may use its list of segments.
func (q *queue) free(s *slot) {
	if s.into != nil && len(q.spare) < maxSpare {
		q.spare = append(q.spare, s.into[:0])
	}
	s.serial, s.into = 0, nil
}

// segments returns an empty list for a slot.
func (q *queue) segments() []segment {
	last := len(q.spare) - 1
	if last < 0 {
		return nil
	}
	list := q.spare[last]
	q.spare = q.spare[:last]
	return list
}

// stop ends the use of the ring. If the front-end is told the base, the ring may go on from
// there later.
func (q *queue) stop(told bool) (err error) {
	if !q.Started {
		return nil
	}
	q.Started, q.HasLeft = false, false
	if q.broken != nil {
		return nil
	}
	defer func() { q.ring = ring{} }()
	defer protect(debug.SetPanicOnFault(true), &err)
	if told {
		q.Left = q.look(q.Next)
		q.HasLeft = true
	}
	return nil
}

// remap finds the ring again after memory has changed.
func (q *queue) remap() error {
	if !q.Started || q.broken != nil {
		return nil
	}
	r, err := mapRing(q.memory, q.ringAddresses)
	if err != nil {
		return fmt.Errorf("the memory of the ring went away while it was in use: %w", err)
	}
	q.ring = r
	return nil
}

// pop takes the next chain, if there is one.
func (q *queue) pop(buf []byte) (r Request, ok bool, err error) {
	defer protect(debug.SetPanicOnFault(true), &err)
	waiting, err := q.waiting()
	if err != nil || waiting == 0 {
		return Request{}, false, err
	}
	r, _, err = q.take(buf, false)
	return r, err == nil, err
}

// popAll takes chains while there are any and their requests fit buf, one after the other. It
// returns how many it has taken.
func (q *queue) popAll(buf []byte, into []Request) (n int, err error) {
	defer protect(debug.SetPanicOnFault(true), &err)
	waiting, err := q.waiting()
	if err != nil {
		return 0, err
	}
	for n < min(int(waiting), len(into)) {
		r, ok, err := q.take(buf, true)
		if err != nil || !ok {
			return n, err
		}
		into[n], buf = r, buf[r.Size:]
		n++
	}
	return n, nil
}

// waiting returns how many available chains are not taken yet.
func (q *queue) waiting() (uint16, error) {
	n := q.ring.availIdx() - q.Base
	if n > q.Size {
		return 0, fmt.Errorf("the driver claims that %d chains are in a ring of %d", n, q.Size)
	}
	return n, nil
}

// take takes the next chain, which must be available. With whole it does so only if the
// request fits buf.
func (q *queue) take(buf []byte, whole bool) (r Request, ok bool, err error) {
	head := q.ring.availHead(q.Base)
	if head >= q.Size {
		return Request{}, false, fmt.Errorf("a chain begins with descriptor %d of %d", head, q.Size)
	}
	s := &q.slots[head]
	if s.serial != 0 {
		return Request{}, false, fmt.Errorf("the chain of descriptor %d is in use and offered again", head)
	}
	s.into = q.segments()
	size, err := q.walk(head, buf, s)
	if err != nil || whole && size > len(buf) {
		q.free(s)
		return Request{}, false, err
	}
	q.serial++
	q.Base++
	s.serial = q.serial
	return Request{Chain{head, q.serial}, size, s.room}, true, nil
}

// arm asks for a kick for the next chain, and reports whether that is available already.
func (q *queue) arm() (come bool, err error) {
	defer protect(debug.SetPanicOnFault(true), &err)
	if q.eventIdx {
		q.ring.setAvailEvent(q.Base)
	}
	return q.ring.availIdx() != q.Base, nil
}

// slot returns the slot of an answer's chain. The error is ErrReset if the chain is not in
// use, and ErrRoom if the answer is too long for it.
func (q *queue) slot(a Answer) (*slot, error) {
	head, serial := a.Chain.head, a.Chain.serial
	if int(head) >= len(q.slots) || serial == 0 || q.slots[head].serial != serial {
		return nil, ErrReset
	}
	if s := &q.slots[head]; len(a.Bytes) <= s.room {
		return s, nil
	}
	return nil, ErrRoom
}

// push writes answers into the room of their chains, gives the chains back and notifies the
// driver. It leaves out answers that it cannot push, and returns the first reason as
// refused. err means that the ring is broken.
func (q *queue) push(answers []Answer) (refused, err error) {
	defer protect(debug.SetPanicOnFault(true), &err)
	before := q.Next
	for _, a := range answers {
		s, why := q.slot(a)
		if why != nil {
			refused = cmp.Or(refused, why)
			continue
		}
		if err := q.put(s, a); err != nil {
			return refused, err
		}
	}
	q.publish(before)
	return refused, nil
}

// put writes an answer, and adds its chain to the used ring. It looks up addresses again,
// because memory may have changed since the chain was taken.
func (q *queue) put(s *slot, a Answer) error {
	rest := a.Bytes
	for _, part := range s.into {
		if len(rest) == 0 {
			break
		}
		n := min(len(rest), int(part.size))
		if q.memory.write(part.addr, rest[:n]) < n {
			return fmt.Errorf("a buffer at %#x is no longer in guest memory", part.addr)
		}
		rest = rest[n:]
	}
	entry := q.ring.usedAt(q.Next)
	le.PutUint32(entry, uint32(a.Chain.head))
	le.PutUint32(entry[4:], uint32(len(a.Bytes)))
	q.Next++
	q.free(s)
	return nil
}

// publish writes the used index, whose old value is before. It interrupts the driver at most
// once, if the driver wants that (virtio 1.2 section 2.7.7.2).
func (q *queue) publish(before uint16) {
	if q.Next == before {
		return
	}
	q.ring.setUsedIdx(q.Next)
	if q.wantsInterrupt(before) {
		q.call.fire()
	}
	q.fresh = false
}

func (q *queue) wantsInterrupt(before uint16) bool {
	switch {
	case !q.eventIdx:
		return !q.ring.wantsNoInterrupts()
	case q.fresh:
		return true // it is not known which interrupts the driver got before the start
	}
	return crossed(q.ring.usedEvent(), q.Next, before)
}

// park stores copies of answers until the ring goes on. It returns the first reason why one
// cannot be pushed.
func (q *queue) park(answers []Answer) (refused error) {
	for _, a := range answers {
		if _, why := q.slot(a); why != nil {
			refused = cmp.Or(refused, why)
			continue
		}
		q.parked = append(q.parked, Answer{a.Chain, bytes.Clone(a.Bytes)})
	}
	return refused
}

// deliver pushes the stored answers.
func (q *queue) deliver() error {
	parked := q.parked
	q.parked = nil
	_, err := q.push(parked) // a refused answer is a second one for its chain
	return err
}
