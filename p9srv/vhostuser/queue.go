//go:build linux

package vhostuser

import (
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
	Told    uint16 // what the used index in guest memory is

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

// queue is the one virtqueue of a device. The lock of its Conn guards it.
type queue struct {
	ringState
	memory *memory

	ring   ring  // mapped if Started and not broken
	broken error // why it is out of use until the driver is reset
	fresh  bool  // no interrupt was considered since the ring started

	indirectTables, eventIdx bool // what driver and device agreed on

	slots  []slot // by head
	serial uint64 // of the newest chain
	parked []parkedAnswer
	table  []byte // an indirect table's copy; made when first needed

	call notifier
}

// parkedAnswer is one that came while the ring was stopped.
type parkedAnswer struct {
	chain  Chain
	answer []byte
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
		q.Told = q.Next
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
		q.slots[i].serial = 0
	}
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
	q.publish()
	if told {
		q.Left = q.look(q.Told)
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
	size, err := q.walk(head, buf, s)
	if err != nil || whole && size > len(buf) {
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

// slot returns that of a chain, or nil if it is not in hand.
func (q *queue) slot(c Chain) *slot {
	if int(c.head) >= len(q.slots) || c.serial == 0 || q.slots[c.head].serial != c.serial {
		return nil
	}
	return &q.slots[c.head]
}

// push writes an answer, which fits, into the room of a chain, and gives the
// chain back. The driver is told by flush.
func (q *queue) push(c Chain, answer []byte) (err error) {
	defer protect(debug.SetPanicOnFault(true), &err)
	return q.put(c, answer)
}

// put is push without protection. Addresses are looked up again, because memory
// may have changed since.
func (q *queue) put(c Chain, answer []byte) error {
	s := &q.slots[c.head]
	rest := answer
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
	le.PutUint32(entry, uint32(c.head))
	le.PutUint32(entry[4:], uint32(len(answer)))
	q.Next++
	s.serial = 0
	return nil
}

// pushAll is push and flush for answers that fit. A chain that is not in hand,
// since it is among them twice, is left out.
func (q *queue) pushAll(answers []Answer) (err error) {
	defer protect(debug.SetPanicOnFault(true), &err)
	for _, a := range answers {
		if q.slot(a.Chain) == nil {
			continue
		}
		if err := q.put(a.Chain, a.Bytes); err != nil {
			return err
		}
	}
	q.publish()
	return nil
}

// flush tells the driver of all that was pushed.
func (q *queue) flush() (err error) {
	if q.Next == q.Told {
		return nil
	}
	defer protect(debug.SetPanicOnFault(true), &err)
	q.publish()
	return nil
}

// publish writes the used index and interrupts the driver at most once, if it
// wants that (virtio 1.2 section 2.7.7.2).
func (q *queue) publish() {
	before := q.Told
	if q.Next == before {
		return
	}
	q.ring.setUsedIdx(q.Next)
	q.Told = q.Next
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
	return crossed(q.ring.usedEvent(), q.Told, before)
}

// park keeps a copy of an answer until the ring goes on.
func (q *queue) park(c Chain, answer []byte) {
	q.parked = append(q.parked, parkedAnswer{c, append([]byte(nil), answer...)})
}

// deliver pushes what was parked.
func (q *queue) deliver() error {
	parked := q.parked
	q.parked = nil
	for _, p := range parked {
		if q.slot(p.chain) == nil {
			continue // pushed twice
		}
		if err := q.push(p.chain, p.answer); err != nil {
			return err
		}
	}
	return q.flush()
}
