package client

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// errBusy refuses to lend a connection that is in use.
var errBusy = errors.New("calls are under way")

// Lend returns the connection, without deadlines, to a caller that sends its own messages
// over it and reads the replies. No call of the client may be made meanwhile. The caller may
// use all tags, and all fids that no File has.
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
		return nil, fmt.Errorf("lend the connection: %T is not a net.Conn", s.conn)
	case len(s.calls)+len(s.in) > 0 || s.isPending():
		return nil, fmt.Errorf("lend the connection: %w", errBusy)
	default:
		s.reads.next, s.writes.next = time.Time{}, time.Time{} // later calls must set deadlines again
		return conn, conn.SetDeadline(time.Time{})
	}
}

// FID returns the number of the fid, for a caller's own messages; see [Conn.Lend].
func (f *File) FID() uint32 { return f.fid }
