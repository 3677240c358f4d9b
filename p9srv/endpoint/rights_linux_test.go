package endpoint

import (
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint/rights"
	"fullex/p9srv/endpoint/rights/rightstest"
)

func TestUnixEndpointsRefuseDescriptors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l := listen(t, "unix:"+path)
	dialed, err := Unix(path).Dial(t.Context())
	require.NoError(t, err)
	accepted, err := l.Accept()
	require.NoError(t, err)
	if rights.MayCome(accepted) {
		t.Skip("the kernel has no SO_PASSRIGHTS (Linux 6.16)")
	}
	for from, to := range map[*net.UnixConn]net.Conn{dialed.(*net.UnixConn): accepted, accepted.(*net.UnixConn): dialed} {
		assert.False(t, rights.MayCome(to))
		assert.ErrorIs(t, rightstest.NewSlow(t).Send(from, []byte("x")), unix.EPERM)
	}
	require.NoError(t, errors.Join(dialed.Close(), accepted.Close()))
}

func TestVhostListenerCloseDoesNotWaitForDescriptors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l := listen(t, "vhost-user:"+path)
	peer, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: path})
	require.NoError(t, err)
	defer func() { _ = peer.Close() }()
	require.NoError(t, rightstest.NewSlow(t).Send(peer, []byte("x")))
	start := time.Now()
	require.NoError(t, l.Close())
	assert.Less(t, time.Since(start), rightstest.Linger/20, "Close does not wait for the close of a descriptor")
}
