package endpoint

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// descriptor returns a copy of a file's descriptor, which the caller must close.
func descriptor(t *testing.T, f interface{ File() (*os.File, error) }) int {
	t.Helper()
	file, err := f.File()
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	require.NoError(t, err)
	return fd
}

func TestInheritedListenerAccepts(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		address := "127.0.0.1:0"
		if network == "unix" {
			address = filepath.Join(t.TempDir(), "s")
		}
		first, err := net.Listen(network, address)
		require.NoError(t, err)
		e := FD(descriptor(t, first.(interface{ File() (*os.File, error) })))
		l, err := e.Listen(t.Context())
		require.NoError(t, err)
		c, err := net.Dial(network, first.Addr().String())
		require.NoError(t, err)
		accepted, err := l.Accept()
		require.NoError(t, err)
		for _, closer := range []interface{ Close() error }{accepted, c, l, first} {
			require.NoError(t, closer.Close())
		}
		_, err = e.Listen(t.Context())
		assert.ErrorContains(t, err, "no such descriptor is open", "the first open closed it")
	}
}

func TestOpenRefusesDescriptorsThatCannotBeServed(t *testing.T) {
	file, err := os.Open(t.TempDir())
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	_, err = FD(int(file.Fd())).Listen(t.Context())
	assert.ErrorContains(t, err, "the descriptor is not a socket")

	for kind, want := range map[int]string{
		unix.SOCK_STREAM: "it neither listens nor is connected", unix.SOCK_DGRAM: "it is not a stream socket", unix.SOCK_SEQPACKET: "it is not a stream socket",
	} {
		fd, err := unix.Socket(unix.AF_UNIX, kind, 0)
		require.NoError(t, err)
		_, _, err = FD(fd).Open(t.Context())
		assert.ErrorContains(t, err, want)
		require.NoError(t, unix.Close(fd))
	}

	_, _, err = FD(descriptor(t, resetConn(t))).Open(t.Context())
	assert.ErrorContains(t, err, "it neither listens nor is connected")

	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Close(pair[1])) }()
	_, err = FD(pair[0]).Listen(t.Context())
	assert.ErrorContains(t, err, "it is connected and does not listen")

	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	_, err = FD(descriptor(t, l)).Dial(t.Context())
	assert.ErrorContains(t, err, "it listens and is not connected")
}

// resetConn returns a connection that its peer has reset.
func resetConn(t *testing.T) *net.TCPConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	peer, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	c, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, peer.(*net.TCPConn).SetLinger(0))
	require.NoError(t, errors.Join(peer.Close(), l.Close()))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, unix.ECONNRESET)
	return c.(*net.TCPConn)
}

// TestConnectionThatWasResetHasNoPeer: a reset may arrive at any time, also after inheritFD
// has checked the socket.
func TestConnectionThatWasResetHasNoPeer(t *testing.T) {
	f, err := resetConn(t).File()
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	_, err = fileConn(f)
	assert.ErrorContains(t, err, "it is not connected any more")

	c, err := net.FileConn(f)
	require.NoError(t, err)
	require.Nil(t, c.RemoteAddr())
	assert.Equal(t, Peer{Where: "peer gone"}, PeerOf(c, false))
	require.NoError(t, c.Close())
}
