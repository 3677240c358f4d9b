package p9srv

import (
	"errors"
	"net"
	"syscall"

	"fullex/p9srv/endpoint/rights"
)

// A socket is guarded if its peer can send descriptors along with the bytes. The goroutine
// that serves the socket must neither receive nor close descriptors (see package rights).

// rightsMayCome reports whether the socket of a connection must be guarded. Tests replace it.
var rightsMayCome = func(c net.Conn) bool { return rights.MayCome(c) }

// reader returns the function that reads from the socket's descriptor.
func (s *socket) reader() func(fd int, p []byte) (int, error) {
	if s.guarded {
		return rights.Read
	}
	return syscall.Read
}

// shutLocked is cut for a guarded socket in the poller. It leaves the close to the goroutine
// of the connection, which calls closeGuarded.
func (s *socket) shutLocked() error {
	return errors.Join(rights.Shut(s.conn.(rights.Socket)), s.conn.SetReadDeadline(past))
}

// closeGuarded is close for a guarded socket.
func (s *socket) closeGuarded() error {
	if err := s.comeBack(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutOff = true
	return rights.Close(s.conn.(rights.Socket))
}
