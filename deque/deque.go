// Package deque is the bounded double-ended queue of int32 behind the full_ex
// device.
//
// A [Deque] is a ring of fixed capacity. Values enter at either end and leave
// at the left one, as in the tutorial module: it has no way to pop from the
// right. Every operation takes constant time and, after [New], none allocates.
//
// # Concurrency
//
// A Deque is not safe for concurrent use; its session serialises the calls.
package deque

import "errors"

// MaxCapacity is the largest capacity of a deque, in values. The module reads
// the capacity from one byte and refuses more than 100.
const MaxCapacity = 100

// The errors of this package. They are returned as they are, so == works.
var (
	// ErrCapacity says that a capacity is not within 1..MaxCapacity.
	ErrCapacity = errors.New("deque: capacity not within 1..100")
	// ErrFull says that a push found no room. The deque is unchanged.
	ErrFull = errors.New("deque: full")
	// ErrEmpty says that a pop found no value.
	ErrEmpty = errors.New("deque: empty")
)

// Deque is a bounded ring of int32. The zero Deque has capacity 0: every push
// is ErrFull and every pop ErrEmpty. Not safe for concurrent use.
type Deque struct {
	ring []int32 // len(ring) is the capacity
	left int     // index of the leftmost value, within the ring
	n    int     // values held, 0..len(ring)
}

// New returns an empty deque that holds up to capacity values, or ErrCapacity.
func New(capacity int) (*Deque, error) {
	if capacity < 1 || capacity > MaxCapacity {
		return nil, ErrCapacity
	}
	return &Deque{ring: make([]int32, capacity)}, nil
}

// PushLeft puts v before all others, or returns ErrFull.
func (d *Deque) PushLeft(v int32) error {
	if d.n == len(d.ring) {
		return ErrFull
	}
	d.left = d.wrap(d.left + len(d.ring) - 1)
	d.ring[d.left] = v
	d.n++
	return nil
}

// PushRight puts v behind all others, or returns ErrFull.
func (d *Deque) PushRight(v int32) error {
	if d.n == len(d.ring) {
		return ErrFull
	}
	d.ring[d.wrap(d.left+d.n)] = v
	d.n++
	return nil
}

// PopLeft removes the leftmost value and returns it, or returns ErrEmpty.
func (d *Deque) PopLeft() (int32, error) {
	if d.n == 0 {
		return 0, ErrEmpty
	}
	v := d.ring[d.left]
	d.left = d.wrap(d.left + 1)
	d.n--
	return v, nil
}

// Len returns the number of values held.
func (d *Deque) Len() int { return d.n }

// Cap returns the number of values that fit.
func (d *Deque) Cap() int { return len(d.ring) }

// Append appends the values, leftmost first, to dst and returns it. The
// deque is unchanged.
func (d *Deque) Append(dst []int32) []int32 {
	for i := range d.n {
		dst = append(dst, d.ring[d.wrap(d.left+i)])
	}
	return dst
}

// wrap brings an index below twice the capacity into the ring. A comparison
// is cheaper than a division: see BenchmarkPushPop.
func (d *Deque) wrap(i int) int {
	if i >= len(d.ring) {
		return i - len(d.ring)
	}
	return i
}
