package outside

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Descriptor is a descriptor of a socket that is not in the poller.
type Descriptor int

// Duplicate returns another descriptor of a connection, which must be a socket. What is
// closed or shut down by one is not by the other.
func Duplicate(c syscall.Conn) (Descriptor, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, fmt.Errorf("reach the socket: %w", err)
	}
	fd, dupErr := -1, error(nil)
	err = raw.Control(func(of uintptr) { fd, dupErr = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(err, dupErr); err != nil {
		return -1, fmt.Errorf("duplicate the socket: %w", err)
	}
	return Descriptor(fd), nil
}

// Wait waits until there is something to read, or for at most so long, in whole
// milliseconds; a negative time is no limit. It reports whether there is; a signal ends
// the wait, too. It takes a thread.
func (d Descriptor) Wait(most time.Duration) (bool, error) { return d.poll(unix.POLLIN, most) }

// WaitForEnd returns when the peer has closed the connection, or ShutDown was called. It
// takes a thread.
func (d Descriptor) WaitForEnd() error {
	for {
		if ended, err := d.poll(unix.POLLRDHUP, -1); ended || err != nil {
			return err
		}
	}
}

func (d Descriptor) poll(events int16, most time.Duration) (bool, error) {
	milliseconds := -1
	if most >= 0 {
		milliseconds = int((most + time.Millisecond - 1) / time.Millisecond)
	}
	fds := []unix.PollFd{{Fd: int32(d), Events: events}}
	n, err := unix.Poll(fds, milliseconds)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return false, fmt.Errorf("wait for the socket: %w", err)
	}
	return n > 0, nil
}

// ShutDown ends both directions of the connection, if the peer has not, and with them
// reads, writes and waits.
func (d Descriptor) ShutDown() error {
	if err := unix.Shutdown(int(d), unix.SHUT_RDWR); err != nil && !errors.Is(err, unix.ENOTCONN) {
		return fmt.Errorf("shut the connection down: %w", err)
	}
	return nil
}

// Close closes the descriptor, on which nothing may wait.
func (d Descriptor) Close() error {
	if err := unix.Close(int(d)); err != nil {
		return fmt.Errorf("close the socket: %w", err)
	}
	return nil
}
