package client

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// errBusy refuses to lend a connection that is in use.
var errBusy = errors.New("calls are under way")

// Lend returns the connection, without deadlines, to a caller who sends messages of their
// own over it, such as a load of them, and reads the replies. No call may be made meanwhile.
// All tags are free, and the fids that no File has.
func (k *Conn) Lend() (net.Conn, error) {
	if k.memory != nil {
		return nil, errors.New("lend the connection: it is in memory")
	}
	s := k.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	switch conn, ok := s.conn.(net.Conn); {
	case s.err != nil:
		return nil, s.err
	case !ok:
		return nil, fmt.Errorf("lend the connection: %T is no net.Conn", s.conn)
	case len(s.calls)+len(s.in) > 0 || s.isPending():
		return nil, fmt.Errorf("lend the connection: %w", errBusy)
	default:
		s.reads.next, s.writes.next = time.Time{}, time.Time{} // to be set anew afterwards
		return conn, conn.SetDeadline(time.Time{})
	}
}

// FID returns the number of the fid, for messages of the caller's own; see [Conn.Lend].
func (f *File) FID() uint32 { return f.fid }
