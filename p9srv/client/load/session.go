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

// session chooses operations for an open device, and models its deque.
type session struct {
	fid    uint32
	check  Check
	values *deque.Deque // the values that the device's deque must have
	random *chooser     // nil: pushes and pops alternate
	pops   bool         // if they alternate: the next is a pop
	pushed uint32       // the last value
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

// operation is an operation under way, with the result that it must have.
type operation struct {
	kind    Kind
	value   uint32 // the value to push, or the value that the pop must return
	refused bool   // the device must refuse it; for an open: the device has refused it
}

// next chooses an operation and does it on the model.
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

// push pushes the next value. Odd values go to the left end and even ones to the right.
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

// outcome is the actual result of a push or pop.
type outcome struct {
	n     int    // bytes written or read
	value uint32 // the value that was read
	err   error  // why the operation failed
}

// judge compares an operation's result with the one that it must have. It reports whether
// the device rightly refused the operation. It returns an error if the result is wrong.
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

// wrong returns an error that says how the result differs.
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
