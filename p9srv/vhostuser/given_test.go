//go:build linux

package vhostuser_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/vhostuser"
	"fullex/p9srv/vhostuser/vhosttest"
	"fullex/tests/need"
)

// keeps are the messages with a descriptor that may be a socket and is kept.
var keeps = map[string]struct {
	request uint32
	payload []byte
}{
	"back-end's socket": {vhosttest.SetBackendReqFD, nil},
	"call":              {vhosttest.SetVringCall, vhosttest.U64(0)},
	"error":             {vhosttest.SetVringErr, vhosttest.U64(0)},
}

// accepted returns both ends of a connection that a listener has accepted.
func accepted(t *testing.T) (front, back *net.UnixConn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	c, err := net.Dial("unix", l.Addr().String())
	require.NoError(t, err)
	other, err := l.Accept()
	require.NoError(t, err)
	return c.(*net.UnixConn), other.(*net.UnixConn)
}

// fileOf returns a second descriptor of a connection. It is closed at the end of the test.
func fileOf(t *testing.T, c *net.UnixConn) int {
	t.Helper()
	file, err := c.File()
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return int(file.Fd())
}

func TestOtherEndOfTheConnectionIsNotKept(t *testing.T) {
	pair := func(t *testing.T) (front, back *net.UnixConn) {
		front, back, err := vhosttest.Pair()
		require.NoError(t, err)
		return front, back
	}
	for how, connect := range map[string]func(*testing.T) (front, back *net.UnixConn){"accepted": accepted, "inherited": pair} {
		for name, message := range keeps {
			t.Run(how+", "+name, func(t *testing.T) {
				front, back := connect(t)
				conn, err := new(vhostuser.Device).NewConn(back)
				require.NoError(t, err)
				f, err := vhosttest.New(front, vhosttest.Options{})
				require.NoError(t, err)
				require.NoError(t, f.Sync())
				own, err := front.File()
				require.NoError(t, err)
				require.NoError(t, f.Send(message.request, vhosttest.Version, message.payload, int(own.Fd())))
				require.NoError(t, own.Close())
				require.NoError(t, f.Close())
				assertEnds(t, conn)
			})
		}
	}
}

// assertEnds waits for the end of a connection whose front-end has gone.
func assertEnds(t *testing.T, conn *vhostuser.Conn) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- conn.Wait() }()
	select {
	case err := <-ended:
		assert.NoError(t, err)
	case <-time.After(vhosttest.Patience):
		assert.Fail(t, "the connection does not end")
		require.NoError(t, conn.Close())
		<-ended
	}
}

// sockets could keep a connection open after its front-end has gone.
var sockets = map[string]struct {
	open func(*testing.T) int
	says string
}{
	"another connection's end": {func(t *testing.T) int { front, _ := accepted(t); return fileOf(t, front) }, "not from a socketpair"},
	"an end with a name":       {func(t *testing.T) int { _, back := accepted(t); return fileOf(t, back) }, "not from a socketpair"},
	"not connected":            {socket(unix.AF_UNIX, unix.SOCK_STREAM), "not from a socketpair"},
	"datagrams":                {socket(unix.AF_UNIX, unix.SOCK_DGRAM), "not a unix stream socket"},
	"packets":                  {socket(unix.AF_UNIX, unix.SOCK_SEQPACKET), "not a unix stream socket"},
	"with something received":  {received, "received something"},
}

func socket(domain, kind int) func(*testing.T) int {
	return func(t *testing.T) int {
		return fdOf(t, func() (int, error) { return unix.Socket(domain, kind|unix.SOCK_CLOEXEC, 0) })
	}
}

// received returns a socket with a descriptor in its queue.
func received(t *testing.T) int {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	for _, fd := range pair {
		t.Cleanup(func() { _ = unix.Close(fd) })
	}
	require.NoError(t, unix.Sendmsg(pair[1], []byte{0}, unix.UnixRights(pair[0]), nil, 0))
	return pair[0]
}

func TestSocketsThatCouldKeepAConnectionOpenAreRefused(t *testing.T) {
	for name, test := range sockets {
		for whose, message := range keeps {
			t.Run(name+", "+whose, func(t *testing.T) {
				e, f := newEcho(t, vhosttest.Options{})
				require.ErrorIs(t, f.Order(message.request, message.payload, test.open(t)), vhosttest.ErrRefused)
				assert.Contains(t, e.log.String(), test.says)
			})
		}
	}
	for name, open := range map[string]func() (int, error){"an eventfd": eventfd, "a pipe": pipe, "a file": memfd(1)} {
		t.Run(name, func(t *testing.T) {
			_, f := newEcho(t, vhosttest.Options{})
			require.ErrorIs(t, f.Order(vhosttest.SetBackendReqFD, nil, fdOf(t, open)), vhosttest.ErrRefused)
		})
	}
}

// TestKeptSocketReceivesNothing asserts that a peer cannot store descriptors in the queue of
// a kept socket.
func TestKeptSocketReceivesNothing(t *testing.T) {
	for name, message := range keeps {
		t.Run(name, func(t *testing.T) {
			_, f := newEcho(t, vhosttest.Options{})
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			require.NoError(t, err)
			require.NoError(t, f.Order(message.request, message.payload, pair[0]))
			err = unix.Sendmsg(pair[1], []byte{0}, unix.UnixRights(f.KickFD()), nil, unix.MSG_NOSIGNAL)
			require.ErrorIs(t, err, unix.EPIPE)
			require.NoError(t, errors.Join(unix.Close(pair[0]), unix.Close(pair[1])))
		})
	}
}

func TestSemaphoresAreRefused(t *testing.T) {
	semaphore := func() (int, error) { return unix.Eventfd(1000, unix.EFD_CLOEXEC|unix.EFD_SEMAPHORE) }
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fdOf(t, semaphore)))
	require.NoError(t, err)
	if !strings.Contains(string(info), "eventfd-semaphore") {
		need.Skip(t, "this kernel does not report semaphores: Linux 6.5 does")
	}
	for name, request := range map[string]uint32{
		"kick": vhosttest.SetVringKick, "call": vhosttest.SetVringCall, "error": vhosttest.SetVringErr,
	} {
		t.Run(name, func(t *testing.T) {
			e, f := connected(t, vhosttest.Options{})
			require.ErrorIs(t, f.Order(request, vhosttest.U64(0), fdOf(t, semaphore)), vhosttest.ErrRefused)
			assert.Contains(t, e.log.String(), "is a semaphore")
			require.NoError(t, f.Reset())
			works(t, f)
		})
	}
}
