package rights

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// Guard returns a connection whose reads and Close no sent descriptor can block. It returns c
// itself if no descriptors can come. Otherwise a read returns ErrSent when some come.
func Guard(c net.Conn) net.Conn {
	socket, ok := c.(*net.UnixConn)
	if !ok || !MayCome(c) {
		return c
	}
	return &guarded{socket: socket, Conn: c}
}

// guarded is a unix connection to which descriptors may have been sent. It has no SyscallConn,
// through which a caller could read without the guard.
type guarded struct {
	net.Conn
	socket *net.UnixConn // the same connection

	// use is read-locked by reads and writes. Close locks it, so that the socket is closed
	// after the last of them.
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

// CloseRead does what that of net.UnixConn does.
func (g *guarded) CloseRead() error { return g.socket.CloseRead() }

// CloseWrite does what that of net.UnixConn does.
func (g *guarded) CloseWrite() error { return g.socket.CloseWrite() }

// Close implements net.Conn. Waiting reads and writes return.
func (g *guarded) Close() (err error) {
	err = net.ErrClosed
	g.closed.Do(func() {
		_ = Shut(g.socket)
		_ = g.socket.SetReadDeadline(time.Unix(1, 0)) // no read returns what is still in the queue
		g.use.Lock()
		defer g.use.Unlock()
		err = Close(g.socket)
	})
	return err
}
