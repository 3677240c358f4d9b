// Package deque implements the bounded double-ended queue of int32 values that
// the full_ex device serves.
//
// A [Deque] is a ring of fixed capacity. Values enter at either end and leave
// at the left end only, as in the tutorial's kernel module. Pushes and pops
// take constant time and allocate nothing.
//
// # Concurrency
//
// A Deque is not safe for concurrent use. In package device the session that
// owns a Deque serialises the calls.
package deque

import "errors"

// MaxCapacity is the largest capacity of a deque, in values. The kernel module
// has the same limit.
const MaxCapacity = 100

// The errors of this package. They are never wrapped, so callers may compare
// with ==.
var (
	// ErrCapacity reports a capacity outside of 1..MaxCapacity.
	ErrCapacity = errors.New("deque: capacity not within 1..100")
	// ErrFull reports a push to a full deque, which stays unchanged.
	ErrFull = errors.New("deque: full")
	// ErrEmpty reports a pop from an empty deque.
	ErrEmpty = errors.New("deque: empty")
)

// Deque is a bounded ring of int32 values. The zero Deque has capacity 0: every
// push returns ErrFull and every pop ErrEmpty. It is not safe for concurrent use.
type Deque struct {
	ring []int32 // len(ring) is the capacity
	left int     // index of the leftmost value in ring
	n    int     // number of values, 0..len(ring)
}

// New returns an empty deque with room for capacity values. It returns
// ErrCapacity if capacity is not within 1..MaxCapacity.
func New(capacity int) (*Deque, error) {
	if capacity < 1 || capacity > MaxCapacity {
		return nil, ErrCapacity
	}
	return &Deque{ring: make([]int32, capacity)}, nil
}

// PushLeft inserts v to the left of all values, or returns ErrFull.
func (d *Deque) PushLeft(v int32) error {
	if d.n == len(d.ring) {
		return ErrFull
	}
	d.left = d.wrap(d.left + len(d.ring) - 1)
	d.ring[d.left] = v
	d.n++
	return nil
}

// PushRight inserts v to the right of all values, or returns ErrFull.
func (d *Deque) PushRight(v int32) error {
	if d.n == len(d.ring) {
		return ErrFull
	}
	d.ring[d.wrap(d.left+d.n)] = v
	d.n++
	return nil
}

// PopLeft removes and returns the leftmost value. It returns ErrEmpty if there
// is none.
func (d *Deque) PopLeft() (int32, error) {
	if d.n == 0 {
		return 0, ErrEmpty
	}
	v := d.ring[d.left]
	d.left = d.wrap(d.left + 1)
	d.n--
	return v, nil
}

// Len returns the number of values in the deque.
func (d *Deque) Len() int { return d.n }

// Cap returns the capacity, in values.
func (d *Deque) Cap() int { return len(d.ring) }

// Append appends all values to dst, leftmost first, and returns the extended
// slice. The deque is unchanged.
func (d *Deque) Append(dst []int32) []int32 {
	for i := range d.n {
		dst = append(dst, d.ring[d.wrap(d.left+i)])
	}
	return dst
}

// wrap returns i modulo the capacity, for i below twice the capacity. The
// comparison is faster than a division (BenchmarkPushPop).
func (d *Deque) wrap(i int) int {
	if i >= len(d.ring) {
		return i - len(d.ring)
	}
	return i
}
