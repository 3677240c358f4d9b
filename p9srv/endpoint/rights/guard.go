package rights

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// Guard returns a connection that reads and closes without harm. It is c itself where
// descriptors are refused; otherwise a read beside which some came returns ErrSent.
func Guard(c net.Conn) net.Conn {
	socket, ok := c.(*net.UnixConn)
	if !ok || !MayCome(c) {
		return c
	}
	return &guarded{socket: socket, Conn: c}
}

// guarded is a unix connection to which descriptors may have been sent. It has no
// SyscallConn: whoever reads the descriptor would go around it.
type guarded struct {
	net.Conn
	socket *net.UnixConn // the same

	// use is held for reading by reads and writes, and then by Close: the last one who
	// uses a socket closes it.
	use    sync.RWMutex
	closed sync.Once
}

// Read implements net.Conn.
func (g *guarded) Read(p []byte) (n int, err error) {
	g.use.RLock()
	defer g.use.RUnlock()
	raw, err := g.socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	var readErr error
	err = raw.Read(func(fd uintptr) bool {
		n, readErr = Read(int(fd), p)
		return !errors.Is(readErr, syscall.EAGAIN)
	})
	switch err = errors.Join(err, readErr); {
	case err != nil:
		return 0, err
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements net.Conn.
func (g *guarded) Write(p []byte) (int, error) {
	g.use.RLock()
	defer g.use.RUnlock()
	return g.Conn.Write(p)
}

// CloseRead and CloseWrite are those of a net.UnixConn.
func (g *guarded) CloseRead() error  { return g.socket.CloseRead() }
func (g *guarded) CloseWrite() error { return g.socket.CloseWrite() }

// Close implements net.Conn. Reads and writes that wait return.
func (g *guarded) Close() (err error) {
	err = net.ErrClosed
	g.closed.Do(func() {
		_ = Shut(g.socket)
		_ = g.socket.SetReadDeadline(time.Unix(1, 0)) // what is queued is not read any more
		g.use.Lock()
		defer g.use.Unlock()
		err = Close(g.socket)
	})
	return err
}
