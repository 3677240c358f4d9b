package p9srv

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// socket is a connection's file descriptor. One that waits is in one of two
// places: in the runtime's poller, where that costs no thread, or (Linux) out of
// it, where a thread waits in the kernel. The latter is for the few connections
// on which one request follows the other: see outside.
//
// One goroutine reads and writes. SetReadDeadline and cut may be called by others
// at the same time.
type socket struct {
	raw syscall.RawConn // in the poller; nil: not a file descriptor

	guarded bool // descriptors may come beside the bytes; immutable after init

	outside outside

	// mu guards the fields below. Only the goroutine that reads and writes moves
	// the socket, so that it may look without mu where it is.
	mu       sync.Mutex
	conn     pollable  // nil: outside
	deadline time.Time // of reading
	cutOff   bool
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

// read has try read until it says that it has, as RawConn.Read does.
func (s *socket) read(try func(fd uintptr) bool) error {
	s.leaveIfBusy()
	for s.outside.is {
		if done, err := s.readOutside(try); done || err != nil {
			return err
		}
	}
	return s.whyEnded(s.raw.Read(try))
}

// readNow has try read once.
func (s *socket) readNow(try func(fd uintptr)) error {
	if s.outside.is {
		try(uintptr(s.outside.fd))
		return nil
	}
	return s.whyEnded(s.raw.Read(func(fd uintptr) bool {
		try(fd)
		return true
	}))
}

// write has try write until it says that it has, as RawConn.Write does.
func (s *socket) write(try func(fd uintptr) bool) error {
	if s.outside.is {
		if try(uintptr(s.outside.fd)) {
			return nil
		}
		if err := s.comeBack(); err != nil {
			return err
		}
	}
	return s.whyEnded(s.raw.Write(try))
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
	return s.conn.SetReadDeadline(t)
}

// SetWriteDeadline is that of a net.Conn, and needs the poller.
func (s *socket) SetWriteDeadline(t time.Time) error {
	if err := s.comeBack(); err != nil {
		return err
	}
	return s.whyEnded(s.conn.SetWriteDeadline(t))
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
		return s.outside.shutDown()
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
		return s.outside.close()
	}
	err := s.conn.Close()
	if wasCut || errors.Is(err, net.ErrClosed) {
		return nil // closed before
	}
	return err
}
