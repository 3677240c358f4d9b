package check

import (
	"encoding/binary"
	"slices"
	"syscall"
)

// model is a session as the contract has it, in the plainest way.
type model struct {
	capacity int // 0: uninitialised
	values   []int32
}

// write is what writing p must return.
func (m *model) write(p []byte) want {
	switch {
	case len(p) == 0:
		return fails(syscall.EINVAL)
	case m.capacity == 0 && len(p) > 1:
		return fails(syscall.EACCES)
	case m.capacity == 0 && (p[0] == 0 || p[0] > maxCapacity):
		return fails(syscall.EINVAL)
	case m.capacity == 0:
		m.capacity = int(p[0])
		return gives(1)
	case len(p) != valueSize:
		return fails(syscall.EINVAL)
	case len(m.values) == m.capacity:
		return fails(syscall.EACCES)
	}
	v := int32(binary.LittleEndian.Uint32(p))
	if v%2 == 0 {
		m.values = append(m.values, v)
	} else {
		m.values = slices.Insert(m.values, 0, v)
	}
	return gives(valueSize)
}

// read is what reading so many bytes must return, and the value.
func (m *model) read(count int) (w want, v int32) {
	switch {
	case count == 0:
		return fails(syscall.EINVAL), 0
	case len(m.values) == 0:
		return fails(syscall.EACCES), 0
	case count < valueSize:
		return fails(syscall.EINVAL), 0
	}
	v = m.values[0]
	m.values = m.values[1:]
	return gives(valueSize), v
}

// state describes the session in a sentence: "a new session".
func (m *model) state() string {
	switch {
	case m.capacity == 0:
		return "a new session"
	case len(m.values) == 0:
		return "an empty deque"
	case len(m.values) == m.capacity:
		return "a full deque"
	}
	return "a deque that is neither empty nor full"
}
