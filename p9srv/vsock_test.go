package p9srv

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/wire"
)

// TestVsockPeersAreMachines needs a machine that can connect to itself over vsock, with the
// module vsock_loopback.
func TestVsockPeersAreMachines(t *testing.T) {
	const local = "vsock:1:0" // VMADDR_CID_LOCAL
	e, err := endpoint.Parse(local)
	require.NoError(t, err)
	l, err := e.Listen(t.Context())
	if err != nil {
		t.Skipf("no vsock_loopback on this machine: %v", err)
	}
	srv := &Server{Identity: IdentityPeer}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	c, err := e.At(l.Addr()).Dial(t.Context())
	if err != nil && strings.Contains(err.Error(), "no vsock here") {
		err = errors.Join(err, srv.Close())
		t.Skipf("no vsock_loopback on this machine: %v", err)
	}
	require.NoError(t, err)
	p := newPeer(c, 7, IdentityPeer)
	assert.Equal(t, peer{Peer: endpoint.Peer{Where: "vsock cid=1", Process: "vsock cid=1"}, conn: "conn 7", own: p.own}, p)
	for _, claimed := range []uint32{0, 1000, wire.NoUID} {
		u, err := p.user(claimed, IdentityPeer)
		require.NoError(t, err)
		assert.Equal(t, "vsock cid=1", u.Peer, "the machine is the client")
		assert.Equal(t, claimed, u.UID, "the user is a label")
		assert.False(t, u.Vouched)
		assert.False(t, u.Admin)
	}
	_, err = c.Write(frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L))
	require.NoError(t, err)
	reply := make([]byte, 100)
	n, err := c.Read(reply)
	require.NoError(t, err)
	assert.Equal(t, wire.Rversion, wire.Frame(reply[:n]).Type())
	require.NoError(t, c.Close())
	require.NoError(t, srv.Close())
	require.ErrorIs(t, <-done, ErrServerClosed)
}
