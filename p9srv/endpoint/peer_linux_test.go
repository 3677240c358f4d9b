package endpoint

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPeerOfConnectionsOfEachTransport(t *testing.T) {
	one, other := net.Pipe()
	defer func() { require.NoError(t, one.Close()); require.NoError(t, other.Close()) }()
	uid := uint32(os.Geteuid())
	assert.Equal(t, Peer{Where: "pipe pipe", Memory: true, Vouched: true, UID: uid}, PeerOf(one, true))

	tcp, dialed := accepted(t, TCP("127.0.0.1", 0))
	assert.Equal(t, Peer{Where: "tcp " + dialed.LocalAddr().String()}, PeerOf(tcp, true))

	unix, _ := accepted(t, Unix(filepath.Join(t.TempDir(), "s")))
	p := PeerOf(unix, true)
	assert.True(t, p.Vouched && p.Here && !p.Memory)
	assert.Equal(t, uid, p.UID)
	assert.Regexp(t, `^unix uid=\d+ pid=\d+$`, p.Where)
	assert.Contains(t, p.Process, p.Where+" start=")
	assert.Empty(t, PeerOf(unix, false).Process)

	guest := PeerOf(VhostConn{UnixConn: unix.(*net.UnixConn)}, true)
	assert.Equal(t, Peer{Where: "vhost-user" + p.Where[len("unix"):], Process: p.Process}, guest)
}

// accepted returns both ends of a connection to an endpoint.
func accepted(t *testing.T, e Endpoint) (server, client net.Conn) {
	t.Helper()
	l, err := e.Listen(t.Context())
	require.NoError(t, err)
	client, err = e.At(l.Addr()).Dial(t.Context())
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	for _, c := range []io.Closer{l, client, server} {
		t.Cleanup(func() { require.NoError(t, c.Close()) })
	}
	return server, client
}
