package device

import (
	"sync"
	"syscall"
	"time"
)

// Session is one open of a device file by one client. It is safe for concurrent
// use: threads and forked children that share an open file share its session.
type Session struct {
	// mu guards the fields up to the blank line. They come first because a read
	// or a write uses no others.
	mu     sync.Mutex
	handle Handle // the module's part: nil while the session starts, ended after it
	calls  uint64 // number of reads and writes, also refused ones

	kernel *Kernel   // immutable
	file   *file     // immutable
	client Client    // immutable
	opened time.Time // immutable

	// Kernel.mu guards the fields below.
	positions [setKinds]uint32 // index + 1 in the set of each kind; 0: in no such set
	owned     *sessionSet      // the set of its owner's sessions
}

// ended is the handle of a session that has ended: every call returns the errno.
type ended syscall.Errno

func (e ended) Read([]byte) (int, error)  { return 0, syscall.Errno(e) }
func (e ended) Write([]byte) (int, error) { return 0, syscall.Errno(e) }
func (e ended) Readable(int) error        { return syscall.Errno(e) }
func (ended) Close()                      {}

// start sets the handle of a new session. Before, only listings use the session.
func (s *Session) start(handle Handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = handle
}

// Write writes p to the device, as [Held.Write] does. It holds the session for this
// call only.
func (s *Session) Write(p []byte) (int, error) {
	h := s.Hold()
	defer h.Release()
	return h.Write(p)
}

// Read reads from the device into p, as [Held.Read] does. It holds the session for
// this call only.
func (s *Session) Read(p []byte) (int, error) {
	h := s.Hold()
	defer h.Release()
	return h.Read(p)
}

// Close ends the session, so that its client may open the file again. It always
// returns nil and may be called again. Later reads and writes return EBADF, or EIO
// if the module was unloaded before Close.
func (s *Session) Close() error {
	if s.kernel.remove(s) {
		s.kernel.log.printSession(s.client.User, time.Now(), func() string { return s.file.Name + ": closed by " + s.client.String() })
	}
	s.end(errClosed)
	return nil
}

// end closes the handle and makes every later call return reason. Only the first
// call of end has an effect, so a handle is closed once.
func (s *Session) end(reason syscall.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.handle.(ended); ok {
		return
	}
	s.handle.Close()
	s.handle = ended(reason)
}

// Client returns the client that opened the session.
func (s *Session) Client() Client { return s.client }

// Module returns the name of the module that registered the file.
func (s *Session) Module() string { return s.file.module.code.Name() }

// ValueSize returns the file's ValueSize, in bytes.
func (s *Session) ValueSize() int { return s.file.ValueSize }

// State describes a session, for listings.
type State struct {
	Capacity int    // how many values fit; 0 if the handle is not a Gauge
	Length   int    // how many values there are; 0 if the handle is not a Gauge
	Calls    uint64 // number of reads and writes so far, also refused ones
}

// State returns the present state of the session.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := State{Calls: s.calls}
	if g, ok := s.handle.(Gauge); ok {
		state.Capacity, state.Length = g.Gauge()
	}
	return state
}

// Values returns a copy of the session's values, leftmost first, and its capacity.
// The capacity is 0 if it is not set yet, or if the handle is not [Valued]. Values
// must not be logged.
func (s *Session) Values() (values []int32, capacity int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.handle.(Valued); ok {
		return v.Values()
	}
	return nil, 0
}
