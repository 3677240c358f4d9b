package device

import (
	"encoding/binary"
	"sync/atomic"
	"syscall"

	"fullex/deque"
)

// ValueSize is the size of a value of full_ex, in bytes. Reads and writes encode a
// value as a little-endian int32.
const ValueSize = 4

// FullEx is the module of the device full_ex. Each session has its own deque.
type FullEx struct {
	room atomic.Int64 // sum of the capacities of all sessions, in values
}

var (
	_ Module = (*FullEx)(nil)
	_ Sized  = (*FullEx)(nil)
)

// Name implements Module.
func (*FullEx) Name() string { return "full_ex" }

// Load implements Module.
func (m *FullEx) Load(log *Log) []File {
	log.Print("full_ex: procfile is created")
	open := func(Client) (Handle, error) { return &fullExSession{module: m}, nil }
	return []File{{Name: "full_ex", Mode: 0o666, Exclusive: true, ValueSize: ValueSize, Open: open, Restore: m.restore}}
}

// Unload implements Module.
func (*FullEx) Unload(log *Log) { log.Print("full_ex: Removed Procfile") }

// Size implements Sized.
func (m *FullEx) Size() int { return ValueSize * int(m.room.Load()) }

// fullExSession implements the contract (package contract).
type fullExSession struct {
	values deque.Deque // capacity 0: uninitialised
	module *FullEx
}

var (
	_ Handle   = (*fullExSession)(nil)
	_ Readable = (*fullExSession)(nil)
	_ Gauge    = (*fullExSession)(nil)
	_ Valued   = (*fullExSession)(nil)
	_ Saver    = (*fullExSession)(nil)
)

// Write sets the capacity if it is not set yet: p is then one byte. Afterwards
// each call pushes one value. It returns len(p), or 0 and an errno: EINVAL for a
// wrong size or capacity, EACCES for a value before the capacity or for a full
// deque.
func (s *fullExSession) Write(p []byte) (int, error) {
	switch {
	case len(p) == 0:
		return 0, errSize
	case s.values.Cap() == 0:
		return s.initialise(p)
	case len(p) != ValueSize:
		return 0, errSize
	}
	v := int32(binary.LittleEndian.Uint32(p))
	if err := s.push(v); err != nil {
		return 0, errFull
	}
	return ValueSize, nil
}

// initialise makes the deque with the capacity in p.
func (s *fullExSession) initialise(p []byte) (int, error) {
	if len(p) > 1 {
		return 0, errUninitialised
	}
	values, err := deque.New(int(p[0]))
	if err != nil {
		return 0, errCapacity
	}
	s.values = *values
	s.module.room.Add(int64(s.values.Cap()))
	return 1, nil
}

// push pushes odd values left and even values right. The lowest bit is the parity,
// also of negative numbers.
func (s *fullExSession) push(v int32) error {
	if v&1 != 0 {
		return s.values.PushLeft(v)
	}
	return s.values.PushRight(v)
}

// Read pops the leftmost value into the first four bytes of p and returns 4,
// however long p is. Otherwise it pops nothing: it returns EACCES if the session is
// uninitialised or empty, and EINVAL if p is too short.
func (s *fullExSession) Read(p []byte) (int, error) {
	if err := s.readable(len(p)); err != 0 {
		return 0, err
	}
	if len(p) < ValueSize {
		return 0, errSize
	}
	v, err := s.values.PopLeft()
	if err != nil {
		return 0, errEmpty
	}
	binary.LittleEndian.PutUint32(p, uint32(v))
	return ValueSize, nil
}

// Readable implements the interface Readable. It returns nil also for 1..3 bytes of
// a deque that is not empty, which Read refuses.
func (s *fullExSession) Readable(count int) error {
	if err := s.readable(count); err != 0 {
		return err
	}
	return nil
}

// readable returns the refusals of a read that the contract checks before it checks
// for 1..3 bytes, or 0.
func (s *fullExSession) readable(count int) syscall.Errno {
	switch {
	case count == 0:
		return errSize
	case s.values.Cap() == 0:
		return errUninitialised
	case s.values.Len() == 0:
		return errEmpty
	}
	return 0
}

// Close implements Handle.
func (s *fullExSession) Close() {
	s.module.room.Add(-int64(s.values.Cap()))
	s.values = deque.Deque{}
}

// Gauge implements the interface Gauge.
func (s *fullExSession) Gauge() (capacity, length int) {
	return s.values.Cap(), s.values.Len()
}

// Values implements Valued.
func (s *fullExSession) Values() (values []int32, capacity int) {
	if s.values.Cap() == 0 {
		return nil, 0
	}
	return s.values.Append(nil), s.values.Cap()
}

// Save implements Saver: the capacity in one byte, then the values, leftmost first, as the
// device gives them.
func (s *fullExSession) Save() ([]byte, error) {
	saved := []byte{byte(s.values.Cap())}
	for _, v := range s.values.Append(nil) {
		saved = binary.LittleEndian.AppendUint32(saved, uint32(v))
	}
	return saved, nil
}

// restore returns the session that Save has saved. It returns EINVAL or EACCES for what
// no session saves.
func (m *FullEx) restore(_ Client, saved []byte) (Handle, error) {
	s := &fullExSession{module: m}
	if len(saved) == 1 && saved[0] == 0 {
		return s, nil
	}
	if len(saved)%ValueSize != 1 {
		return nil, errSize
	}
	if _, err := s.initialise(saved[:1]); err != nil {
		return nil, err
	}
	for rest := saved[1:]; len(rest) > 0; rest = rest[ValueSize:] {
		if err := s.values.PushRight(int32(binary.LittleEndian.Uint32(rest))); err != nil {
			s.Close()
			return nil, errFull
		}
	}
	return s, nil
}
