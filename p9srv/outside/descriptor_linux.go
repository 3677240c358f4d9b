package outside

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Descriptor is a file descriptor of a socket that the poller does not know.
type Descriptor int

// Duplicate returns a second descriptor of the socket c. Closing one leaves the other
// open. Shutting down ends the connection for both.
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

// Wait waits until there is something to read, and reports whether there is. It waits at
// most that long, rounded up to milliseconds; a negative time means no limit. A signal
// ends the wait, too. Wait blocks its thread.
func (d Descriptor) Wait(most time.Duration) (bool, error) { return d.poll(unix.POLLIN, most) }

// WaitForEnd waits until the peer closes the connection or ShutDown is called. It blocks
// its thread.
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

// ShutDown ends both directions of the connection, and with them all reads, writes and
// waits. It returns nil if the peer has closed the connection.
func (d Descriptor) ShutDown() error {
	if err := unix.Shutdown(int(d), unix.SHUT_RDWR); err != nil && !errors.Is(err, unix.ENOTCONN) {
		return fmt.Errorf("shut the connection down: %w", err)
	}
	return nil
}

// Close closes the descriptor. No call may be waiting on it.
func (d Descriptor) Close() error {
	if err := unix.Close(int(d)); err != nil {
		return fmt.Errorf("close the socket: %w", err)
	}
	return nil
}
