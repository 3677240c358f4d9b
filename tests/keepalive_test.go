//go:build linux

package tests

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv"
)

// TestPeerThatVanishedIsNoticed closes a TCP connection without a word, as a
// machine that lost its power: in repair mode (TCP_REPAIR, tcp(7)) Linux drops
// the socket and sends nothing. Only a probe of the server finds out.
func TestPeerThatVanishedIsNoticed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may close a connection without a word")
	}
	srv := &p9srv.Server{Kernel: newKernel(), Limits: p9srv.Limits{KeepAlive: 4 * time.Second}}
	c := dial(t, serveTCP(t, srv))
	mustOpen(t, attachOn(t, c, ""), "full_ex")
	require.Equal(t, 1, srv.Kernel.Sessions())
	raw, err := c.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	var repairErr error
	require.NoError(t, raw.Control(func(fd uintptr) {
		repairErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_REPAIR, 1)
	}))
	require.NoError(t, repairErr)
	require.NoError(t, c.Close())
	eventually(t, "its session is freed", func() bool { return srv.Kernel.Sessions() == 0 })
}
