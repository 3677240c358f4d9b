package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"fullex/deque"
)

// le is the byte order of values.
var le = binary.LittleEndian

// session chooses operations for an open device and knows what its deque must have.
type session struct {
	fid    uint32
	check  Check
	values *deque.Deque
	random *chooser // nil: a push and a pop in turn
	pops   bool     // in turn: the next is a pop
	pushed uint32   // the last value
}

// newSession returns a session whose deque is empty.
func newSession(c *Config, fid uint32, number int) *session {
	values, err := deque.New(Capacity)
	if err != nil {
		panic(err) // not reached: the capacity is a constant
	}
	s := &session{fid: fid, check: c.Check, values: values}
	if c.Mix != (Mix{}) {
		s.random = newChooser(c.Mix, c.Seed, uint64(number))
	}
	return s
}

// operation is one that is under way.
type operation struct {
	kind    Kind
	value   uint32 // that is pushed, or must be popped
	refused bool   // it must be refused; or an open was
}

// next chooses an operation and does it at the deque.
func (s *session) next() operation {
	kind := Write
	switch {
	case s.random != nil:
		kind = s.random.next()
	case s.pops:
		kind = Read
	}
	s.pops = kind == Write
	switch kind {
	case Write:
		return s.push()
	case Read:
		return s.pop()
	}
	return operation{kind: Open}
}

// push pushes an odd and an even value in turn, which go to both ends.
func (s *session) push() operation {
	s.pushed++
	v := int32(s.pushed)
	push := s.values.PushRight
	if v%2 != 0 {
		push = s.values.PushLeft
	}
	return operation{Write, s.pushed, push(v) != nil}
}

func (s *session) pop() operation {
	v, err := s.values.PopLeft()
	return operation{Read, uint32(v), err != nil}
}

// outcome is what came of a push or pop.
type outcome struct {
	n     int    // bytes that were moved
	value uint32 // that came
	err   error  // why it was refused
}

// judge compares what came with what had to. It reports whether the operation was refused
// as it had to be, and returns an error if anything else is not as it must be.
func (s *session) judge(o operation, got outcome) (refused bool, err error) {
	if got.err == nil && got.n == valueSize && !o.refused && (o.kind == Write || got.value == o.value) {
		return false, nil
	}
	refused = errors.Is(got.err, syscall.EACCES)
	switch {
	case refused && (o.refused || s.check == Counts):
		return true, nil
	case s.check == Counts && got.err == nil && got.n == valueSize:
		return false, nil
	}
	return false, fmt.Errorf("%s: %w", o.kind, o.wrong(got))
}

// wrong says what is not as it must be.
func (o operation) wrong(got outcome) error {
	switch {
	case errors.Is(got.err, syscall.EACCES):
		return fmt.Errorf("%w, although the deque has %s", got.err, [...]string{Write: "room", Read: "values"}[o.kind])
	case got.err != nil:
		return got.err
	case got.n != valueSize:
		return fmt.Errorf("%d bytes instead of %d", got.n, valueSize)
	case o.refused:
		return fmt.Errorf("not refused, although the deque is %s", [...]string{Write: "full", Read: "empty"}[o.kind])
	}
	return fmt.Errorf("%d came instead of %d", int32(got.value), int32(o.value))
}
