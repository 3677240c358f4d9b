package p9srv

import (
	"errors"
	"net"
	"syscall"

	"fullex/p9srv/endpoint/rights"
)

// A socket is guarded where its peer can send descriptors beside the bytes: they must
// neither be read nor closed by the goroutine that serves (see package rights).

// rightsMayCome says whether a connection is to be guarded. A test replaces it.
var rightsMayCome = func(c net.Conn) bool { return rights.MayCome(c) }

// reader returns what reads the socket's descriptor.
func (s *socket) reader() func(fd int, p []byte) (int, error) {
	if s.guarded {
		return rights.Read
	}
	return syscall.Read
}

// shutLocked is cut for a guarded socket in the poller. Its goroutine closes it, which
// knows whether that can wait.
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
