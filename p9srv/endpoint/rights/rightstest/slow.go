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

// Linger is how long closing a Slow descriptor takes. No test takes that long.
const Linger = 10 * time.Minute

// Slow is a TCP socket that lingers (SO_LINGER) over data which nobody reads.
type Slow struct {
	fd     int
	reader net.Conn

	closing sync.WaitGroup
}

// NewSlow returns a new Slow. A close that still waits at the end of the test returns then.
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

// lingering fills a connection with data and returns a copy of its descriptor. After the
// caller closes c, that is the only descriptor.
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

// Send sends bytes and the descriptor, which this process then closes. After an error it
// calls Release, so that no close waits.
func (s *Slow) Send(c *net.UnixConn, p []byte) error {
	_, _, err := c.WriteMsgUnix(p, unix.UnixRights(s.fd), nil)
	if err != nil {
		s.Release()
	}
	s.closing.Go(func() { _ = unix.Close(s.fd) }) // waits if the receiver has closed its descriptor
	return err
}

// Release ends every close that waits, by a reset of the connection.
func (s *Slow) Release() { _ = s.reader.Close() }

// Wait waits until the sender has closed its own descriptor. If the receiver closed the other
// one first, that takes Linger or until Release.
func (s *Slow) Wait() { s.closing.Wait() }
