package conformance

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/p9srv"
	"fullex/tests/listing"
	"fullex/tests/wire"
)

// start runs a server over TCP until the test ends and returns a connection to it.
func start(t *testing.T, srv *p9srv.Server) *wire.Conn {
	t.Helper()
	dial, stop := startTCP(t, srv)
	t.Cleanup(stop)
	return connect(t, dial)
}

func connect(t *testing.T, dial func() (net.Conn, error)) *wire.Conn {
	t.Helper()
	raw, err := dial()
	require.NoError(t, err)
	c := wire.NewConn(raw)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// opening opens the device as fid 1.
const opening = `
	> Tversion 65536 9P2000.L
	< Rversion 65536 9P2000.L
	> Tattach 0 NOFID "" "" NOUID
	< Rattach dir:*
	> Twalk 0 1 full_ex
	< Rwalk file:*
	> Tlopen 1 O_RDWR
	< Rlopen file:* *
`

// TestModuleUnloadedWhileOpen unloads the module by a call of the kernel, because no client
// over TCP may unload it.
func TestModuleUnloadedWhileOpen(t *testing.T) {
	srv := &p9srv.Server{Kernel: newKernel()}
	c := start(t, srv)
	require.NoError(t, c.Talk(opening+`
		> Twrite 1 0 hex:05
		< Rwrite 1
		> Twrite 1 0 int:2
		< Rwrite 4
		> Twalk 0 2 full_ex
		< Rwalk file:*
	`))
	require.NoError(t, srv.Kernel.Unload("full_ex"))
	assert.NoError(t, c.Talk(`
		> Tread 1 0 4
		< Rlerror EIO
		> Tread 1 0 0
		< Rlerror EIO
		> Twrite 1 0 int:2
		< Rlerror EIO
		> Twrite 1 0 ""
		< Rlerror EIO
		> Twalk 0 3 full_ex
		< Rlerror ENOENT
		> Tlopen 2 O_RDWR
		< Rlerror ENOENT
	`))
	require.NoError(t, srv.Kernel.Load("full_ex"))
	assert.NoError(t, c.Talk(`
		> Tlopen 2 O_RDWR
		< Rlopen file:* *
		> Twrite 2 0 hex:05
		< Rwrite 1
		> Tread 1 0 4
		< Rlerror EIO
		> Tclunk 1
		< Rclunk
		> Twrite 2 0 int:2
		< Rwrite 4
		> Tread 2 0 4
		< Rread int:2
	`))
	assert.Equal(t, 1, srv.Kernel.Sessions())
}

func TestFidsOfAConnectionAreLimited(t *testing.T) {
	c := start(t, &p9srv.Server{Limits: p9srv.Limits{FIDs: 3}})
	assert.NoError(t, c.Talk(opening+`
		> Twalk 0 2 each
		< Rwalk dir:*
		> Twalk 0 3 each
		< Rlerror EMFILE
		> Twalk 0 3
		< Rlerror EMFILE
		> Tattach 3 NOFID "" "" NOUID
		< Rlerror EMFILE
		> Twalk 2 2 full_ex
		< Rwalk file:*
		> Tclunk 1
		< Rclunk
		> Twalk 0 3 each
		< Rwalk dir:*
	`))
}

func TestFidsOfAllConnectionsAreLimited(t *testing.T) {
	dial, stop := startTCP(t, &p9srv.Server{Kernel: newKernel(), Limits: p9srv.Limits{AllFIDs: 3}})
	t.Cleanup(stop)
	first, second := connect(t, dial), connect(t, dial)
	require.NoError(t, first.Talk(opening))
	require.NoError(t, second.Talk(`
		> Tversion 65536 9P2000.L
		< Rversion 65536 9P2000.L
		> Tattach 0 NOFID "" "" NOUID
		< Rattach dir:*
		> Twalk 0 1
		< Rlerror ENFILE
	`))
	require.NoError(t, first.Talk("> Tversion 65536 9P2000.L\n< Rversion 65536 9P2000.L"))
	assert.NoError(t, second.Talk("> Twalk 0 1\n< Rwalk\n> Twalk 0 2\n< Rwalk"))
}

// TestPeerInMemoryThatLeavesDuringShutdown is about a race, which a hundred attempts mostly
// show. After the peer of a net.Pipe has closed, its deadline cannot be set. That must not
// make Shutdown fail.
func TestPeerInMemoryThatLeavesDuringShutdown(t *testing.T) {
	for range 100 {
		srv := &p9srv.Server{Kernel: newKernel()}
		client, server := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- srv.ServeConn(server) }()
		c := wire.NewConn(client)
		require.NoError(t, c.Talk(opening))
		require.NoError(t, c.Close())
		shutDown(t, srv)
		assert.NoError(t, <-served)
		assert.Zero(t, srv.Kernel.Sessions())
		if t.Failed() {
			return
		}
	}
}

// newKernel returns a kernel with full_ex alone, so that directories are short.
func newKernel() *device.Kernel { return listing.Kernel("full_ex") }
