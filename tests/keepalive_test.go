//go:build linux

package tests

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv"
)

// TestPeerThatVanishedIsNoticed: the server can notice only by a keep-alive probe.
func TestPeerThatVanishedIsNoticed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may drop a connection without telling the peer")
	}
	srv := &p9srv.Server{Kernel: newKernel(), Limits: p9srv.Limits{KeepAlive: 4 * time.Second}}
	c := dial(t, serveTCP(t, srv))
	mustOpen(t, attachOn(t, c, ""), "full_ex")
	require.Equal(t, 1, srv.Kernel.Sessions())
	vanish(t, c)
	eventually(t, "its session is freed", func() bool { return srv.Kernel.Sessions() == 0 })
}

// vanish closes a TCP connection and sends nothing, as a machine does that loses its power.
// In repair mode (TCP_REPAIR, tcp(7)) Linux drops the socket silently. vanish first
// acknowledges all received data (TCP_QUICKACK). Otherwise the peer would send that data
// again, and Linux would reply that the connection does not exist.
func vanish(t *testing.T, c net.Conn) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	var setErr error
	require.NoError(t, raw.Control(func(fd uintptr) {
		setErr = errors.Join(
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_REPAIR, 1))
	}))
	require.NoError(t, setErr)
	require.NoError(t, c.Close())
}
