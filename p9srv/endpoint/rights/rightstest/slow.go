//go:build linux

// Package rightstest makes descriptors that are slow to close, for tests.
package rightstest

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Linger is how long closing a Slow descriptor takes. It is above what a test may take.
const Linger = 10 * time.Minute

// Slow is a TCP socket that lingers (SO_LINGER) over data which nobody reads.
type Slow struct {
	fd     int
	reader net.Conn

	closing sync.WaitGroup
}

// NewSlow makes one. Whoever still waits for its close goes on when the test ends.
func NewSlow(t *testing.T) *Slow {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	writer, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	reader, err := l.Accept()
	require.NoError(t, err)
	s := &Slow{fd: lingering(t, writer.(*net.TCPConn)), reader: reader}
	require.NoError(t, writer.Close())
	t.Cleanup(func() {
		s.Release()
		s.Wait()
	})
	return s
}

// lingering fills a connection and returns a copy of its descriptor, the only one after
// Close.
func lingering(t *testing.T, c *net.TCPConn) int {
	t.Helper()
	require.NoError(t, c.SetLinger(int(Linger.Seconds())))
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	fd := -1
	var fillErr error
	require.NoError(t, raw.Control(func(of uintptr) {
		for fillErr == nil {
			_, fillErr = unix.Write(int(of), make([]byte, 64<<10))
		}
		fd, err = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0)
	}))
	require.NoError(t, err)
	require.ErrorIs(t, fillErr, unix.EAGAIN)
	return fd
}

// Send sends bytes with the descriptor beside them, and gives it away. After an error
// nobody has it.
func (s *Slow) Send(c *net.UnixConn, p []byte) error {
	_, _, err := c.WriteMsgUnix(p, unix.UnixRights(s.fd), nil)
	if err != nil {
		s.Release()
	}
	s.closing.Go(func() { _ = unix.Close(s.fd) }) // the receiver can have been faster
	return err
}

// Release lets those who close the descriptor go on.
func (s *Slow) Release() { _ = s.reader.Close() } // resets the connection

// Wait waits until the sender has closed its own descriptor. Where a receiver may have
// closed the other by then, it waits for Linger.
func (s *Slow) Wait() { s.closing.Wait() }
