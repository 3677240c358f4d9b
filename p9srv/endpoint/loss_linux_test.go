package endpoint

import (
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/tests/need"
)

// ownNetwork moves the calling thread into a new network namespace, which has only a loopback
// device. Sockets that the thread makes belong to that namespace. The thread ends with the
// test.
func ownNetwork(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // and never unlock: the runtime ends the thread
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		need.Skip(t, "a network of its own needs root: %v", err)
	}
}

// setLoopback sets the flags of the loopback device in the calling thread's network.
func setLoopback(t *testing.T, flags uint16) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Close(fd)) }()
	request, err := unix.NewIfreq("lo")
	require.NoError(t, err)
	request.SetUint16(flags)
	require.NoError(t, unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request))
}

// TestPeerThatVanishesIsNoticed: both ends of an idle connection get ETIMEDOUT, and both
// ends of one with unacknowledged data. Without NoticeLoss the latter takes 15 minutes.
func TestPeerThatVanishesIsNoticed(t *testing.T) {
	ownNetwork(t)
	setLoopback(t, unix.IFF_UP)
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	type end struct {
		net.Conn
		busy bool
	}
	var ends []end
	for _, busy := range []bool{false, true} {
		dialed, err := net.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr))
		require.NoError(t, err)
		accepted, err := l.Accept()
		require.NoError(t, err)
		ends = append(ends, end{dialed, busy}, end{accepted, busy})
	}
	for _, e := range ends {
		require.NoError(t, NoticeLoss(e.Conn, 4*time.Second))
	}
	setLoopback(t, 0)
	for _, e := range ends {
		if e.busy {
			_, err := e.Write([]byte("request"))
			require.NoError(t, err)
		}
		require.NoError(t, e.SetReadDeadline(time.Now().Add(time.Minute)))
	}
	for _, e := range ends {
		_, err := e.Read(make([]byte, 1))
		assert.ErrorIs(t, err, unix.ETIMEDOUT, "busy: %v", e.busy)
		require.NoError(t, e.Close())
	}
	require.NoError(t, l.Close())
}

func TestNoticeLossAcceptsOtherConnections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listen(t, "unix:"+path)
	dialed, err := Unix(path).Dial(t.Context())
	require.NoError(t, err)
	one, two := net.Pipe()
	for _, c := range []net.Conn{dialed, one, two} {
		assert.NoError(t, NoticeLoss(c, time.Second))
		require.NoError(t, c.Close())
	}
}
