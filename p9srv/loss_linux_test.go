package p9srv

import (
	"math"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint"
)

// noticing returns how long data may stay unacknowledged on a connection. It also reports
// whether a silent peer is probed.
func noticing(t *testing.T, c net.Conn) (d time.Duration, probed bool) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		n, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
		assert.NoError(t, err)
		d = time.Duration(n) * time.Millisecond
		n, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE)
		assert.NoError(t, err)
		probed = n != 0
	}))
	return d, probed
}

func TestBothEndsAreSetToNoticeALoss(t *testing.T) {
	const longest = 4 * 32767 * time.Second // four probes at the longest interval of Linux
	for limit, want := range map[time.Duration]time.Duration{
		0: 3 * time.Minute, 8 * time.Second: 8 * time.Second, 1: 4 * time.Second, -1: 0,
		1000 * time.Hour: longest, math.MaxInt64: longest,
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		k := keeping{l, make(chan net.Conn, 1)}
		srv := &Server{Limits: Limits{KeepAlive: limit}}
		done := make(chan error, 1)
		go func() { done <- srv.Serve(k) }()
		c, err := endpoint.TCP("127.0.0.1", 0).At(l.Addr()).Dial(t.Context())
		require.NoError(t, err)
		agree(t, c) // waits until the server has set up its end
		timeout, probed := noticing(t, c)
		assert.Equal(t, 3*time.Minute, timeout)
		assert.True(t, probed)
		timeout, probed = noticing(t, <-k.kept)
		assert.Equal(t, want, timeout, "%v", limit)
		assert.Equal(t, want > 0, probed, "%v", limit)
		require.NoError(t, c.Close())
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-done, ErrServerClosed)
	}
}
