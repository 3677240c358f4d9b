package device

import (
	"container/list"
	"encoding/binary"
	"syscall"

	"fullex/deque"
)

// faultySession is a session of full_ex with faults.
type faultySession struct {
	module *faultyFullEx
	client Identity
	deque  *faultyDeque
	place  *list.Element // in module.open
}

var (
	_ Handle   = (*faultySession)(nil)
	_ Readable = (*faultySession)(nil)
	_ Gauge    = (*faultySession)(nil)
	_ valued   = (*faultySession)(nil)
)

// Write implements Handle.
func (s *faultySession) Write(p []byte) (int, error) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	if s.failsLocked() {
		return 0, syscall.EIO
	}
	n, err := s.writeLocked(p)
	return n, s.module.flaws.errno(err)
}

func (s *faultySession) writeLocked(p []byte) (int, error) {
	switch initialised := s.deque.values.Cap() > 0; {
	case !initialised && len(p) == 1:
		return s.initialiseLocked(int(p[0]))
	case initialised && len(p) == ValueSize:
		return s.pushLocked(p)
	case initialised && len(p) > 0 && len(p) < ValueSize && s.module.flaws.shortWrite:
		return s.pushLocked(p)
	}
	return s.deque.Write(p)
}

// initialiseLocked makes the deque.
func (s *faultySession) initialiseLocked(capacity int) (int, error) {
	f := &s.module.flaws
	room := capacity + f.room
	if capacity < 1 || capacity > deque.MaxCapacity+f.capacities || room < 1 {
		return 0, errCapacity
	}
	s.deque.values = *deque.Over(make([]int32, room))
	s.module.room.Add(int64(room))
	return 1, nil
}

// pushLocked pushes the value that begins with the bytes of p.
func (s *faultySession) pushLocked(p []byte) (int, error) {
	var whole [ValueSize]byte
	copy(whole[:], p)
	v := int32(binary.LittleEndian.Uint32(whole[:]))
	push := s.deque.values.PushRight
	if s.module.flaws.left(v) {
		push = s.deque.values.PushLeft
	}
	if err := push(v); err != nil {
		return 0, errFull
	}
	return len(p), nil
}

// Read implements Handle.
func (s *faultySession) Read(p []byte) (int, error) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	if s.failsLocked() {
		return 0, syscall.EIO
	}
	n, err := s.deque.Read(p)
	if s.losesLocked(len(p), err) {
		_, _ = s.deque.values.PopLeft() // lost, if there is one
	}
	return n, s.module.flaws.errno(err)
}

// losesLocked says whether a read of so many bytes loses a value. A short one is
// refused for its size only if there is a value.
func (s *faultySession) losesLocked(count int, err error) bool {
	if count > ValueSize {
		return err == nil && s.module.flaws.lostOnBigRead
	}
	return count > 0 && err == errSize && s.module.flaws.lostOnError
}

// failsLocked says whether the call in hand meets a planted error.
func (s *faultySession) failsLocked() bool {
	chance := s.module.flaws.chance
	return chance > 0 && s.module.random.Float64() < chance
}

// errno returns what a client is told for an error.
func (f *flaws) errno(err error) error {
	switch {
	case err == syscall.EACCES && f.einvalForEACCES:
		return syscall.EINVAL
	case err == syscall.EINVAL && f.eaccesForEINVAL:
		return syscall.EACCES
	}
	return err
}

// Readable implements the interface of that name.
func (s *faultySession) Readable(count int) error {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	return s.module.flaws.errno(s.deque.Readable(count))
}

// Close implements Handle.
func (s *faultySession) Close() { s.module.closed(s) }

// Gauge implements the interface of that name.
func (s *faultySession) Gauge() (capacity, length int) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	return s.deque.Gauge()
}

// contents implements valued.
func (s *faultySession) contents() (values []int32, capacity int) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	return s.deque.contents()
}
