package faults

import (
	"container/list"
	"syscall"

	"fullex/device"
)

// session is a session of full_ex with faults, a layer around a deque.
type session struct {
	module  *fullEx
	client  device.Client
	deque   *usedDeque
	element *list.Element // in module.open
}

var _ handle = (*session)(nil)

// Write implements device.Handle.
func (s *session) Write(p []byte) (int, error) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	if s.failsLocked() {
		return 0, syscall.EIO
	}
	size := len(p)
	if capacity, _ := s.deque.Gauge(); capacity > 0 && s.module.flaws.shortWrite && size > 0 && size < device.ValueSize {
		p = append(make([]byte, 0, device.ValueSize), p...)[:device.ValueSize]
	}
	n, err := s.deque.Write(p)
	return min(n, size), s.module.flaws.errno(err)
}

// Read implements device.Handle.
func (s *session) Read(p []byte) (int, error) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	if s.failsLocked() {
		return 0, syscall.EIO
	}
	n, err := s.deque.Read(p)
	if s.loses(len(p), err) {
		_, _ = s.deque.Read(make([]byte, device.ValueSize)) // this value is lost; there may be none
	}
	return n, s.module.flaws.errno(err)
}

// loses reports whether a read of count bytes, which returned err, loses a value. A
// short read returns EINVAL only if there is one.
func (s *session) loses(count int, err error) bool {
	if count > device.ValueSize {
		return err == nil && s.module.flaws.lostOnBigRead
	}
	return count > 0 && err == syscall.EINVAL && s.module.flaws.lostOnError
}

// failsLocked reports whether this call returns a planted EIO.
func (s *session) failsLocked() bool {
	chance := s.module.flaws.chance
	return chance > 0 && s.module.random.Float64() < chance
}

// errno returns the error that a client gets for err.
func (f *flaws) errno(err error) error {
	switch {
	case err == syscall.EACCES && f.einvalForEACCES:
		return syscall.EINVAL
	case err == syscall.EINVAL && f.eaccesForEINVAL:
		return syscall.EACCES
	}
	return err
}

// Readable implements device.Readable.
func (s *session) Readable(count int) error {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	return s.module.flaws.errno(s.deque.Readable(count))
}

// Close implements device.Handle.
func (s *session) Close() { s.module.closed(s) }

// Gauge implements device.Gauge.
func (s *session) Gauge() (capacity, length int) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	return s.deque.Gauge()
}

// Values implements device.Valued.
func (s *session) Values() (values []int32, capacity int) {
	s.module.mu.Lock()
	defer s.module.mu.Unlock()
	return s.deque.Values()
}
