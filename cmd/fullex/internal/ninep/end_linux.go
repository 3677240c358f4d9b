package ninep

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// watch is the peer's end of a connection, to wait for. It has a descriptor of its
// own: reading the connection itself is for who waits for a reply.
type watch struct{ fd int }

// newWatch watches a connection, which must be a socket.
func newWatch(conn any) (*watch, error) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("watch the connection: %T is no socket", conn)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("watch the connection: %w", err)
	}
	w := &watch{}
	var dupErr error
	err = raw.Control(func(fd uintptr) {
		w.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err := errors.Join(err, dupErr); err != nil {
		return nil, fmt.Errorf("watch the connection: %w", err)
	}
	return w, nil
}

// wait returns when the peer has closed the connection or shut was called. It
// takes a thread.
func (w *watch) wait() error {
	fds := []unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLRDHUP}}
	for {
		_, err := unix.Poll(fds, -1)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// shut ends the connection whose descriptor may be closed already, and with it
// wait.
func (w *watch) shut() error {
	if err := unix.Shutdown(w.fd, unix.SHUT_RDWR); err != nil && !errors.Is(err, unix.ENOTCONN) {
		return fmt.Errorf("shut the connection down: %w", err)
	}
	return nil
}

// close gives the descriptor back, when wait has returned.
func (w *watch) close() error { return unix.Close(w.fd) }
