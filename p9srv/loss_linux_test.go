package p9srv

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ownNetwork moves the calling thread into a network of its own, which has only a
// loopback device. Sockets that it makes belong there. The thread ends with the test.
func ownNetwork(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // and never unlock: the runtime ends the thread
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		if os.Getenv("FULLEX_REQUIRE_ALL") == "1" {
			t.Fatal("a network of its own needs root: ", err)
		}
		t.Skip("a network of its own needs root: ", err)
	}
}

// setLoopback switches the loopback device of the calling thread's network.
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

// TestPeerThatVanishesIsNoticed: both ends are told the same, one of them as it waits for
// an answer. TCP's own patience is 15 minutes.
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

// userTimeout is how long data may stay unacknowledged on a connection.
func userTimeout(t *testing.T, c net.Conn) (d time.Duration) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		n, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
		assert.NoError(t, err)
		d = time.Duration(n) * time.Millisecond
	}))
	return d
}

func TestBothEndsNoticeALoss(t *testing.T) {
	for limit, want := range map[time.Duration]time.Duration{0: 3 * time.Minute, 8 * time.Second: 8 * time.Second, 1: 4 * time.Second, -1: 0} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		k := keeping{l, make(chan net.Conn, 1)}
		srv := &Server{Limits: Limits{KeepAlive: limit}}
		done := make(chan error, 1)
		go func() { done <- srv.Serve(k) }()
		c, err := Endpoint{Network: "tcp", Address: l.Addr().String()}.Dial(t.Context())
		require.NoError(t, err)
		agree(t, c) // it is set up
		assert.Equal(t, 3*time.Minute, userTimeout(t, c))
		assert.Equal(t, want, userTimeout(t, <-k.kept))
		require.NoError(t, c.Close())
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-done, ErrServerClosed)
	}
}

func TestOtherConnectionsAreLeftAlone(t *testing.T) {
	l := listen(t, "unix:"+filepath.Join(t.TempDir(), "s"))
	one, two := net.Pipe()
	for _, c := range []net.Conn{dialUnix(t, l.Addr().String()), one, two} {
		assert.NoError(t, NoticeLoss(c, time.Second))
		require.NoError(t, c.Close())
	}
}
