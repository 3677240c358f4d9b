package outside

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn is a connected socket whose reads and writes block their thread. That costs a
// thread for the one who waits for a reply, and saves three wake-ups of the runtime a
// request (bench fuse: 95 us became 57 us).
type conn struct{ *os.File }

// NewConn returns the same connection for a client that has a thread for it. The
// connection belongs to it from then on, also after an error. Close ends reads and writes
// that wait; it also has CloseRead and CloseWrite.
func NewConn(c net.Conn) (io.ReadWriteCloser, error) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("reach the socket: %T has none", c), c.Close())
	}
	d, err := Duplicate(s)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := unix.SetNonblock(int(d), false); err != nil {
		return nil, errors.Join(fmt.Errorf("make the socket blocking: %w", err), d.Close(), c.Close())
	}
	return conn{os.NewFile(uintptr(d), "socket")}, c.Close()
}

// Close implements io.Closer. A thread that waits in the kernel notices only that
// the connection is shut down, not that its descriptor is closed.
func (c conn) Close() error { return errors.Join(c.shut(unix.SHUT_RDWR), c.File.Close()) }

// CloseWrite sends the end of what is written.
func (c conn) CloseWrite() error { return c.shut(unix.SHUT_WR) }

// CloseRead lets the peer's writes fail, over a unix socket at once.
func (c conn) CloseRead() error { return c.shut(unix.SHUT_RD) }

// shut shuts down directions of a connection that is not closed.
func (c conn) shut(how int) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var shutErr error
	err = raw.Control(func(fd uintptr) { shutErr = unix.Shutdown(int(fd), how) })
	if errors.Is(shutErr, unix.ENOTCONN) {
		shutErr = nil // the peer was first
	}
	return errors.Join(err, shutErr)
}

// SetPatience bounds how long a read or write waits: longer ones return EAGAIN, a write with
// the number of bytes that it has written. Without it there is no bound.
func (c conn) SetPatience(d time.Duration) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	most := unix.NsecToTimeval(int64(d))
	var setErr error
	err = raw.Control(func(fd uintptr) {
		setErr = errors.Join(
			unix.SetsockoptTimeval(int(fd), unix.SOL_SOCKET, unix.SO_RCVTIMEO, &most),
			unix.SetsockoptTimeval(int(fd), unix.SOL_SOCKET, unix.SO_SNDTIMEO, &most))
	})
	return errors.Join(err, setErr)
}
