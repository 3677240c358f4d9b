package ninep

import (
	"errors"

	"golang.org/x/sys/unix"
)

// watch is the peer's end of a connection, to wait for. It has a descriptor of its
// own: reading the connection itself is for who waits for a reply.
type watch struct{ fd int }

// newWatch watches a connection, which must be a socket.
func newWatch(conn any) (*watch, error) {
	fd, err := duplicate(conn)
	return &watch{fd}, err
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

// shut ends the connection, and with it wait.
func (w *watch) shut() error { return shutDown(w.fd) }

// close gives the descriptor back, when wait has returned.
func (w *watch) close() error { return unix.Close(w.fd) }
