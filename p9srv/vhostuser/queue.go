//go:build linux

package vhostuser

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime/debug"
)

// ringState is where a ring stands. Plain data.
type ringState struct {
	ringAddresses
	Started bool   // between SET_VRING_KICK and GET_VRING_BASE
	Enabled bool   // by SET_VRING_ENABLE
	Base    uint16 // index of the next available chain to take
	Next    uint16 // index of the next used entry to write

	// Left is how the ring was left when it was stopped, if HasLeft: a driver
	// that goes on from there is the same.
	Left    leftRing
	HasLeft bool
}

// leftRing is what a ring must look like to be one that goes on. The base alone
// is not enough, it comes back to the same value after 65536 requests, and so
// does the used index.
type leftRing struct {
	ringAddresses
	Base, Used uint16
	Last       uint64 // the newest entry of the used ring
}

// maxSpare is how many lists of segments a queue keeps for later chains. A user
// who answers as many at a time needs no more. If each slot kept its own, a guest
// could make a ring hold 16 MiB of them.
const maxSpare = 64

// queue is the one virtqueue of a device. The lock of its Conn guards it.
type queue struct {
	ringState
	memory *memory

	ring   ring  // mapped if Started and not broken
	broken error // why it is out of use until the driver is reset
	fresh  bool  // no interrupt was considered since the ring started

	indirectTables, eventIdx bool // what driver and device agreed on

	slots  []slot      // by head
	spare  [][]segment // of slots that are free again, at most maxSpare
	serial uint64      // of the newest chain
	parked []Answer    // that came while the ring was stopped, of bytes of their own
	table  []byte      // a copy of an indirect table; made when first needed

	call notifier
}

// start begins to use the ring, and says whether it begins anew: then nothing
// is left of what was before.
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

// forget drops all that was before the ring began anew, what broke it too.
func (q *queue) forget() {
	q.broken = nil
	q.drop()
	if len(q.slots) != int(q.Size) {
		q.slots = make([]slot, q.Size)
	}
}

// drop forgets the chains in hand.
func (q *queue) drop() {
	q.parked = nil
	for i := range q.slots {
		q.free(&q.slots[i])
	}
}

// free makes a slot free. Its segments are for another.
func (q *queue) free(s *slot) {
	if s.into != nil && len(q.spare) < maxSpare {
		q.spare = append(q.spare, s.into[:0])
	}
	s.serial, s.into = 0, nil
}

// segments returns a list for a slot that has none.
func (q *queue) segments() []segment {
	last := len(q.spare) - 1
	if last < 0 {
		return nil
	}
	list := q.spare[last]
	q.spare = q.spare[:last]
	return list
}

// stop ends the use of the ring. If the front-end is told the base, it may go
// on from there later.
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
		return fmt.Errorf("the memory of the ring in use went away: %w", err)
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

// popAll takes chains whose requests fit buf, one behind the other, until there
// are no more, and returns how many.
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

// waiting returns how many chains are there to be taken.
func (q *queue) waiting() (uint16, error) {
	n := q.ring.availIdx() - q.Base
	if n > q.Size {
		return 0, fmt.Errorf("%d chains are said to be in a ring of %d", n, q.Size)
	}
	return n, nil
}

// take takes the next chain, which is there. With whole it does so only if the
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

// arm asks for a kick for the next chain and says whether it has come already.
func (q *queue) arm() (come bool, err error) {
	defer protect(debug.SetPanicOnFault(true), &err)
	if q.eventIdx {
		q.ring.setAvailEvent(q.Base)
	}
	return q.ring.availIdx() != q.Base, nil
}

// slot returns that of an answer's chain. It is ErrReset if the chain is not in
// hand, and ErrRoom if the answer is too long for it.
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

// push writes answers into the room of their chains, gives the chains back and
// tells the driver. It leaves out those that it cannot push and returns the first
// reason.
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

// put writes an answer, and its chain to the used ring. Addresses are looked up
// again, because memory may have changed since the chain was taken.
func (q *queue) put(s *slot, a Answer) error {
	rest := a.Bytes
	for _, part := range s.into {
		if len(rest) == 0 {
			break
		}
		n := min(len(rest), int(part.size))
		if q.memory.write(part.addr, rest[:n]) < n {
			return fmt.Errorf("a buffer at %#x is in guest memory no more", part.addr)
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

// publish writes the used index, which was another before, and interrupts the
// driver at most once, if it wants that (virtio 1.2 section 2.7.7.2).
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
		return true // what the driver was told before the start is not known
	}
	return crossed(q.ring.usedEvent(), q.Next, before)
}

// park keeps copies of answers until the ring goes on, and returns the first
// reason for which one cannot be pushed.
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

// deliver pushes what was parked.
func (q *queue) deliver() error {
	parked := q.parked
	q.parked = nil
	_, err := q.push(parked) // what is refused was parked twice
	return err
}
