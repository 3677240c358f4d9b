package device

import (
	"sync"
	"syscall"
	"time"
)

// Session is one open of a device file by one client. Safe for concurrent use:
// threads and forked children that share an open file share its session.
type Session struct {
	// mu guards the fields up to the blank line. They come first, as a read or
	// a write touches nothing else.
	mu     sync.Mutex
	handle Handle // the module's part, or an ended; nil: starting
	calls  uint64 // reads and writes, refused ones too

	kernel *Kernel   // immutable
	file   *file     // immutable
	client Client    // immutable
	opened time.Time // immutable

	// Kernel.mu guards the fields below.
	places [setKinds]uint32 // in each kind of set, from 1; 0: in none
	owned  *sessionSet      // that of its owner
}

// ended stands in for the module's part of a session that has none any more:
// every call returns the errno.
type ended syscall.Errno

func (e ended) Read([]byte) (int, error)  { return 0, syscall.Errno(e) }
func (e ended) Write([]byte) (int, error) { return 0, syscall.Errno(e) }
func (e ended) Readable(int) error        { return syscall.Errno(e) }
func (ended) Close()                      {}

// start gives a new session the module's part. Until then nobody but listings
// knows it.
func (s *Session) start(handle Handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = handle
}

// Write is [Held.Write] of a session that is held for this one call.
func (s *Session) Write(p []byte) (int, error) {
	h := s.Hold()
	defer h.Release()
	return h.Write(p)
}

// Read is [Held.Read] of a session that is held for this one call.
func (s *Session) Read(p []byte) (int, error) {
	h := s.Hold()
	defer h.Release()
	return h.Read(p)
}

// Close frees the session; its client may open the file again. Later calls
// return EBADF, except Close, which does nothing more and returns nil, also
// after an unload.
func (s *Session) Close() error {
	if s.kernel.remove(s) {
		s.kernel.log.printSession(s.client.User, time.Now(), func() string { return s.file.Name + ": closed by " + s.client.String() })
	}
	s.end(errClosed)
	return nil
}

// end drops the module's part and lets every later call fail with reason. The
// first reason stays, so that a session is freed once.
func (s *Session) end(reason syscall.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.handle.(ended); ok {
		return
	}
	s.handle.Close()
	s.handle = ended(reason)
}

// Client returns whose session it is.
func (s *Session) Client() Client { return s.client }

// Module returns the name of the module that the file is of.
func (s *Session) Module() string { return s.file.module.module.Name() }

// ValueSize returns that of the file.
func (s *Session) ValueSize() int { return s.file.ValueSize }

// State is what a session holds, for listings.
type State struct {
	Capacity, Length int    // of the values it holds; 0 if it holds none
	Calls            uint64 // reads and writes so far, refused ones too
}

// State returns what the session holds at the moment.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := State{Calls: s.calls}
	if g, ok := s.handle.(Gauge); ok {
		state.Capacity, state.Length = g.Gauge()
	}
	return state
}

// Values returns the values of a full_ex session, leftmost first, and the
// capacity, which is 0 before it is set and for other modules. It is a
// snapshot for those who draw or check a session; it is never logged.
func (s *Session) Values() (values []int32, capacity int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.handle.(Valued); ok {
		return v.Values()
	}
	return nil, 0
}
