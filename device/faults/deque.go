package faults

import (
	"encoding/binary"
	"slices"
	"sync/atomic"
	"syscall"

	"fullex/device"
)

// otherDeque answers as a sound session does, except that its flaws choose the end of
// a push and the capacities. fullEx.mu guards it.
type otherDeque struct {
	flaws    *flaws        // immutable
	all      *atomic.Int64 // sum of the capacities of all otherDeques, in values
	capacity int           // 0: uninitialised
	values   []int32       // leftmost first
}

var _ handle = (*otherDeque)(nil)

// Write implements device.Handle.
func (d *otherDeque) Write(p []byte) (int, error) {
	switch {
	case len(p) == 0:
		return 0, syscall.EINVAL
	case d.capacity == 0 && len(p) > 1:
		return 0, syscall.EACCES
	case d.capacity == 0:
		return d.initialise(int(p[0]))
	case len(p) != device.ValueSize:
		return 0, syscall.EINVAL
	case len(d.values) == d.capacity:
		return 0, syscall.EACCES
	}
	v, at := int32(binary.LittleEndian.Uint32(p)), len(d.values)
	if d.flaws.left(v) {
		at = 0
	}
	d.values = slices.Insert(d.values, at, v)
	return len(p), nil
}

func (d *otherDeque) initialise(capacity int) (int, error) {
	room := capacity + d.flaws.room
	if d.flaws.refuses(capacity) || room < 1 {
		return 0, syscall.EINVAL
	}
	d.capacity = room
	d.all.Add(int64(room))
	return 1, nil
}

// Read implements device.Handle.
func (d *otherDeque) Read(p []byte) (int, error) {
	if err := d.Readable(len(p)); err != nil {
		return 0, err
	}
	if len(p) < device.ValueSize {
		return 0, syscall.EINVAL
	}
	binary.LittleEndian.PutUint32(p, uint32(d.values[0]))
	d.values = d.values[1:]
	return device.ValueSize, nil
}

// Readable implements device.Readable.
func (d *otherDeque) Readable(count int) error {
	switch {
	case count == 0:
		return syscall.EINVAL
	case len(d.values) == 0:
		return syscall.EACCES
	}
	return nil
}

// Close implements device.Handle.
func (d *otherDeque) Close() { d.all.Add(-int64(d.capacity)) }

// Gauge implements device.Gauge.
func (d *otherDeque) Gauge() (capacity, length int) { return d.capacity, len(d.values) }

// Values implements device.Valued.
func (d *otherDeque) Values() (values []int32, capacity int) {
	return slices.Clone(d.values), d.capacity
}
