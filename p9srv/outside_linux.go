package p9srv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// outside is what a socket has for being out of the runtime's poller. Its fields
// are of the goroutine that reads and writes, but fd and is, which change with the
// socket's mu held.
//
// In the poller a request wakes two threads, the one that waits for all sockets
// and another that does so from then on, and takes nine system calls. Outside it
// wakes one and takes three: half the time (bench --cells 1x1), and through a
// FUSE mount 45 us an operation instead of 61 us (bench fuse). With several busy
// connections the poller is better (bench --cells 8x1: 1.3 times), so there is one
// place outside, for one that is busy alone.
type outside struct {
	may bool // leave the poller
	is  bool
	fd  int // a descriptor of its own, if is

	waits int       // since the last full count
	since time.Time // when that was
	all   uint64    // what inPoller was then
}

const (
	// A socket is busy on which busyWaits waits took busyTime at most.
	busyWaits = 64
	busyTime  = busyWaits * 200 * time.Microsecond
	// idleTime is how long one waits outside before it comes back.
	idleTime = 10 * time.Millisecond
)

var (
	// taken says that the one place is.
	taken atomic.Bool
	// inPoller counts the waits of all connections' sockets there.
	inPoller atomic.Uint64
)

// mayLeave allows the socket to leave the poller, which closes c, if it is of a kind
// that is known to be able to.
func (s *socket) mayLeave(c net.Conn) {
	switch c.(type) {
	case *net.UnixConn, *net.TCPConn:
		s.outside.may = true
	}
}

// full counts a wait, and says when it is time to ask for busyAlone.
func (o *outside) full() bool {
	o.waits++
	return o.waits == busyWaits
}

// busyAlone says whether the waits of a full count were short and those of all
// others few. It begins to count anew.
func (o *outside) busyAlone() bool {
	const few = busyWaits / 4
	most := uint64(few)
	if !o.is {
		most += busyWaits // our own
	}
	now, all := time.Now(), inPoller.Load()
	alone := now.Sub(o.since) <= busyTime && all-o.all <= most
	o.waits, o.since, o.all = 0, now, all
	return alone
}

// leaveIfBusy takes the socket out of the poller if it is busy alone and the place
// is free. The runtime must have another processor for all others: a thread in the
// kernel keeps one for a while.
func (s *socket) leaveIfBusy() {
	o := &s.outside
	if o.is {
		return
	}
	inPoller.Add(1)
	if !o.may || !o.full() || !o.busyAlone() || runtime.GOMAXPROCS(0) < 2 || !taken.CompareAndSwap(false, true) {
		return
	}
	if !s.leave() {
		taken.Store(false)
	}
}

func (s *socket) leave() bool {
	fd := -1
	err := s.raw.Control(func(inPoller uintptr) {
		fd, _ = unix.FcntlInt(inPoller, unix.F_DUPFD_CLOEXEC, 0) // -1: short of descriptors
	})
	if err != nil || fd < 0 {
		return false // a cut socket is found to be so by the next read
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cutOff {
		closeFD(fd)
		return false
	}
	_ = s.conn.Close() // which takes it out of the poller; fd is the connection now
	s.conn, s.outside.fd, s.outside.is = nil, fd, true
	return true
}

// comeBack puts the socket into the poller, if it is not.
func (s *socket) comeBack() error {
	if !s.outside.is {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	file := os.NewFile(uintptr(s.outside.fd), "socket") // in the poller, as it does not block
	s.conn, s.outside.is = file, false
	taken.Store(false)
	if s.cutOff {
		return net.ErrClosed
	}
	raw, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(s.deadline)
	}
	if err != nil {
		return fmt.Errorf("wait in the poller: %w", err)
	}
	s.raw = raw
	return nil
}

// readOutside waits and has try read, and says whether it did. The socket comes
// back into the poller if nothing comes for idleTime, or if others are busy.
func (s *socket) readOutside(try func(fd uintptr) bool) (done bool, err error) {
	patience, err := s.patience()
	if err != nil {
		return false, err
	}
	fds := []unix.PollFd{{Fd: int32(s.outside.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, patience)
	switch {
	case errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("wait for a request: %w", err)
	case n == 0 && patience == int(idleTime/time.Millisecond):
		return false, s.comeBack()
	case n == 0:
		return false, nil // the deadline has passed
	}
	if !try(uintptr(s.outside.fd)) {
		return false, nil
	}
	if s.outside.full() && !s.outside.busyAlone() {
		return true, s.comeBack()
	}
	return true, nil
}

// patience is how long to wait, in milliseconds, or why not.
func (s *socket) patience() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cutOff {
		return 0, net.ErrClosed
	}
	if s.deadline.IsZero() {
		return int(idleTime / time.Millisecond), nil
	}
	left := time.Until(s.deadline)
	if left <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return int((min(left, idleTime) + time.Millisecond - 1) / time.Millisecond), nil
}

// shutDown has reads and writes end that wait.
func (o *outside) shutDown() error {
	if err := unix.Shutdown(o.fd, unix.SHUT_RDWR); err != nil && !errors.Is(err, unix.ENOTCONN) {
		return fmt.Errorf("shut a connection down: %w", err)
	}
	return nil
}

// close closes the connection, which waits nowhere any more.
func (o *outside) close() error {
	if !o.is {
		return nil
	}
	o.is = false
	taken.Store(false)
	if err := unix.Close(o.fd); err != nil {
		return fmt.Errorf("close a connection: %w", err)
	}
	return nil
}

// closeFD closes a second descriptor of a connection.
func closeFD(fd int) { _ = unix.Close(fd) }
