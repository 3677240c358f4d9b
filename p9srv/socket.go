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

// socket is a connection's file descriptor. One that waits is in one of two
// places: in the runtime's poller, where that costs no thread, or (Linux) out of
// it, where a thread waits in the kernel. The latter is for the one connection of a
// server that is busy alone: see package outside.
//
// One goroutine reads and writes. SetReadDeadline and cut may be called by others
// at the same time.
type socket struct {
	raw syscall.RawConn // in the poller; nil: not a file descriptor

	guarded bool // descriptors may come beside the bytes; immutable after init

	// Of the goroutine that reads and writes.
	place *outside.Place // which the socket may take; nil: it may not
	meter outside.Meter

	// isOutside says that fd is the connection, and conn is not. They change with mu held.
	isOutside bool
	fd        outside.Descriptor

	// mu guards the fields below. Only the goroutine that reads and writes moves
	// the socket, so that it may look without mu where it is.
	mu        sync.Mutex
	conn      pollable  // nil: outside
	deadline  time.Time // of reading
	writeTime time.Time // the deadline of writing
	paused    bool      // both deadlines count as passed
	wasPaused bool      // since the last call of pausedSince
	cutOff    bool
}

// pollable is what a socket in the poller can do.
type pollable interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	Close() error
}

// init makes a socket ready that is its zero value.
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

// readNow calls try once.
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

// mayLeave lets the socket, which is c, leave the poller for a place outside, if it is of
// a kind that can.
func (s *socket) mayLeave(c net.Conn, place *outside.Place) {
	switch c.(type) {
	case *net.UnixConn, *net.TCPConn:
		if runtime.GOOS == "linux" {
			s.place = place
		}
	}
}

// leaveIfBusy takes the socket out of the poller if it is busy alone and the place is free.
func (s *socket) leaveIfBusy() {
	if s.isOutside || s.place == nil || !s.meter.Inside(s.place) || !s.place.Take() {
		return
	}
	if !s.leave() {
		s.place.Leave()
	}
}

func (s *socket) leave() bool {
	c, ok := s.conn.(syscall.Conn)
	if !ok {
		return false
	}
	fd, err := outside.Duplicate(c)
	if err != nil {
		return false // a cut socket is found to be so by the next read
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cutOff {
		_ = fd.Close() // the connection is conn still
		return false
	}
	_ = s.conn.Close() // which takes it out of the poller; fd is the connection now
	s.conn, s.fd, s.isOutside = nil, fd, true
	return true
}

// comeBack puts the socket into the poller, if it is not.
func (s *socket) comeBack() error {
	if !s.isOutside {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	file := os.NewFile(uintptr(s.fd), "socket") // in the poller, as it does not block
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

// idleTime is how long a socket waits outside before it comes back.
const idleTime = 10 * time.Millisecond

// readOutside waits and lets try read, and reports whether it did. The socket comes back
// into the poller if nothing comes for idleTime, or if others are busy.
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
		return false, nil // the deadline has passed, or a signal came
	case !s.meter.Outside(s.place):
		return true, s.comeBack()
	}
	return true, nil
}

// patience is how long to wait outside, or why not.
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

// closeOutside closes a socket that waits nowhere any more. The caller holds mu.
func (s *socket) closeOutside() error {
	if !s.isOutside {
		return nil
	}
	s.isOutside = false
	s.place.Leave()
	return s.fd.Close()
}

// whyEnded returns net.ErrClosed for the error of a socket that was cut, for which
// a file in the poller has another one.
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

// SetReadDeadline is that of a net.Conn. Outside of the poller it applies from the
// next read on, or within idleTime.
func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	if s.cutOff {
		return net.ErrClosed // a file in the poller has another error for it
	}
	if s.conn == nil {
		return nil
	}
	return s.conn.SetReadDeadline(s.unlessPausedLocked(t))
}

// SetWriteDeadline is that of a net.Conn, and needs the poller.
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

// interrupt ends reads and writes that wait, and those to come, without waiting for any.
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

// cut ends the connection for the goroutine that reads and writes, too, which has
// yet to close it.
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

// close closes the connection, cut or not.
func (s *socket) close() error {
	if s.guarded {
		return s.closeGuarded()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	wasCut := s.cutOff
	s.cutOff = true
	if s.conn == nil {
		return s.closeOutside()
	}
	err := s.conn.Close()
	if wasCut || errors.Is(err, net.ErrClosed) {
		return nil // closed before
	}
	return err
}
