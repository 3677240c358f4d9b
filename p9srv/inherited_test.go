package p9srv

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/wire"
)

func TestInheritedConnectionIsServed(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	served, err := endpoint.FD(pair[0]).Dial(t.Context())
	require.NoError(t, err)
	here, err := endpoint.FD(pair[1]).Dial(t.Context())
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- (&Server{}).ServeConn(served) }()
	_, err = here.Write(frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L))
	require.NoError(t, err)
	_, err = here.Read(make([]byte, 100))
	require.NoError(t, err)
	require.NoError(t, here.Close())
	require.NoError(t, <-done)
}
