package p9srv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"fullex/p9srv/outside"
)

// socket is the socket of a connection. It waits either in the runtime's poller, where it
// needs no thread, or (only on Linux) outside of it. Outside, a thread blocks until there is
// something to read. A server lets a connection wait outside while no other connection is
// busy: see package outside.
//
// One goroutine reads and writes. Other goroutines may call SetReadDeadline, pause, resume,
// interrupt and cut at the same time.
type socket struct {
	raw syscall.RawConn // in the poller; nil: the connection has no file descriptor

	guarded bool // the peer may send descriptors along with the bytes; immutable after init

	// Only the goroutine that reads and writes uses these two.
	place *outside.Place // where the socket may wait outside; nil: it may not
	meter outside.Meter

	// isOutside reports that fd is the descriptor of the connection, and not conn. Both
	// fields change only while mu is locked.
	isOutside bool
	fd        outside.Descriptor

	// mu guards the fields below. Only the goroutine that reads and writes moves the socket
	// into or out of the poller. So that goroutine may read isOutside and fd without mu.
	mu        sync.Mutex
	conn      pollable  // nil: outside
	deadline  time.Time // of reads
	writeTime time.Time // the deadline of writes
	paused    bool      // both deadlines count as passed
	wasPaused bool      // paused since the last call of pausedSince
	cutOff    bool      // cut or close was called
}

// pollable is a connection in the poller.
type pollable interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	Close() error
}

// init makes the zero socket ready for use.
func (s *socket) init(c net.Conn) {
	s.conn = c
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			s.raw = raw
			s.guarded = rightsMayCome(c)
		}
	}
}

// read calls try each time the socket is readable, until try returns true.
func (s *socket) read(try func(fd uintptr) bool) error {
	s.leaveIfBusy()
	for s.isOutside {
		if done, err := s.readOutside(try); done || err != nil {
			return err
		}
	}
	return s.whyEnded(s.raw.Read(try))
}

// readNow calls try once, also if the socket is not readable.
func (s *socket) readNow(try func(fd uintptr)) error {
	if s.isOutside {
		try(uintptr(s.fd))
		return nil
	}
	return s.whyEnded(s.raw.Read(func(fd uintptr) bool {
		try(fd)
		return true
	}))
}

// write calls try each time the socket is writable, until try returns true.
func (s *socket) write(try func(fd uintptr) bool) error {
	if s.isOutside {
		if try(uintptr(s.fd)) {
			return nil
		}
		if err := s.comeBack(); err != nil {
			return err
		}
	}
	return s.whyEnded(s.raw.Write(try))
}

// mayLeave lets the socket of c leave the poller for place. It does nothing unless c is a
// unix or TCP connection on Linux.
func (s *socket) mayLeave(c net.Conn, place *outside.Place) {
	switch c.(type) {
	case *net.UnixConn, *net.TCPConn:
		if runtime.GOOS == "linux" {
			s.place = place
		}
	}
}

// leaveIfBusy takes the socket out of the poller if no other connection is busy and the
// place is free.
func (s *socket) leaveIfBusy() {
	if s.isOutside || s.place == nil || !s.meter.Inside(s.place) || !s.place.Take() {
		return
	}
	if !s.leave() {
		s.place.Leave()
	}
}

// leave takes the socket out of the poller. It returns false if it cannot.
func (s *socket) leave() bool {
	c, ok := s.conn.(syscall.Conn)
	if !ok {
		return false
	}
	fd, err := outside.Duplicate(c)
	if err != nil {
		return false // the next read returns the error, if the socket was cut
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cutOff {
		_ = fd.Close() // conn still is the connection
		return false
	}
	_ = s.conn.Close() // this takes the socket out of the poller; fd is the connection now
	s.conn, s.fd, s.isOutside = nil, fd, true
	return true
}

// comeBack puts the socket back into the poller, if it is outside.
func (s *socket) comeBack() error {
	if !s.isOutside {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	file := os.NewFile(uintptr(s.fd), "socket") // puts it into the poller, as the descriptor is non-blocking
	s.conn, s.isOutside = file, false
	s.place.Leave()
	if s.cutOff {
		return net.ErrClosed
	}
	raw, err := file.SyscallConn()
	if err == nil {
		err = errors.Join(file.SetReadDeadline(s.unlessPausedLocked(s.deadline)), file.SetWriteDeadline(s.unlessPausedLocked(s.writeTime)))
	}
	if err != nil {
		return fmt.Errorf("wait in the poller: %w", err)
	}
	s.raw = raw
	return nil
}

// idleTime is how long a socket waits outside before it comes back into the poller.
const idleTime = 10 * time.Millisecond

// readOutside waits outside and calls try. It reports whether try returned true. The socket
// comes back into the poller if nothing arrives for idleTime, or if other connections are
// busy.
func (s *socket) readOutside(try func(fd uintptr) bool) (done bool, err error) {
	patience, err := s.patience()
	if err != nil {
		return false, err
	}
	came, err := s.fd.Wait(patience)
	switch {
	case err != nil:
		return false, err
	case !came && patience == idleTime:
		return false, s.comeBack()
	case !came || !try(uintptr(s.fd)):
		return false, nil // the deadline has passed, a signal came, or there was nothing to read
	case !s.meter.Outside(s.place):
		return true, s.comeBack()
	}
	return true, nil
}

// patience returns how long to wait outside. It returns an error if the socket was cut or
// its deadline has passed.
func (s *socket) patience() (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cutOff {
		return 0, net.ErrClosed
	}
	deadline := s.unlessPausedLocked(s.deadline)
	if deadline.IsZero() {
		return idleTime, nil
	}
	left := time.Until(deadline)
	if left <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return min(left, idleTime), nil
}

// closeOutsideLocked closes the socket if it is outside.
func (s *socket) closeOutsideLocked() error {
	if !s.isOutside {
		return nil
	}
	s.isOutside = false
	s.place.Leave()
	return s.fd.Close()
}

// whyEnded returns net.ErrClosed instead of err if the socket was cut. A file in the poller
// returns another error then.
func (s *socket) whyEnded(err error) error {
	if err == nil || !s.wasCut() {
		return err
	}
	return net.ErrClosed
}

func (s *socket) wasCut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cutOff
}

// SetReadDeadline is like that of a net.Conn. Outside of the poller, a waiting read notices a
// new deadline within idleTime.
func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	if s.cutOff {
		return net.ErrClosed // a file in the poller returns another error
	}
	if s.conn == nil {
		return nil
	}
	return s.conn.SetReadDeadline(s.unlessPausedLocked(t))
}

// SetWriteDeadline is like that of a net.Conn. It brings the socket back into the poller.
// Only the goroutine that reads and writes may call it.
func (s *socket) SetWriteDeadline(t time.Time) error {
	if err := s.comeBack(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeTime = t
	if s.cutOff {
		return net.ErrClosed
	}
	return s.conn.SetWriteDeadline(s.unlessPausedLocked(t))
}

// interrupt ends all waiting and later reads and writes. It does not wait for them.
func (s *socket) interrupt() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.cutOff:
		return nil
	case s.conn == nil:
		return s.fd.ShutDown()
	}
	s.deadline, s.writeTime = past, past
	return errors.Join(s.conn.SetReadDeadline(past), s.conn.SetWriteDeadline(past))
}

// cut ends the connection. The goroutine that reads and writes gets net.ErrClosed, and must
// still call close.
func (s *socket) cut() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cutOff {
		return nil
	}
	s.cutOff = true
	if s.conn == nil {
		return s.fd.ShutDown()
	}
	if s.guarded {
		return s.shutLocked()
	}
	return ignoreClosed(s.conn.Close())
}

// close closes the connection, also after a cut. Only the goroutine that reads and writes may
// call it.
func (s *socket) close() error {
	if s.guarded {
		return s.closeGuarded()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	wasCut := s.cutOff
	s.cutOff = true
	if s.conn == nil {
		return s.closeOutsideLocked()
	}
	err := s.conn.Close()
	if wasCut || errors.Is(err, net.ErrClosed) {
		return nil // cut has closed it
	}
	return err
}
