package p9srv

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/deadline"
	"fullex/p9srv/wire"
)

func TestBudgetCutsTheConnectionThatHasWaitedLongest(t *testing.T) {
	budget := bufferBudget{limit: 100}
	var cut []string
	connection := func(name string) *bufferClaim {
		return &bufferClaim{of: &budget, cut: func() { cut = append(cut, name) }}
	}
	a, b, c, d := connection("a"), connection("b"), connection("c"), connection("d")
	a.take(40)
	b.take(40)
	b.take(1000) // counts nothing: it waits already
	assert.Empty(t, cut)
	assert.False(t, c.tryTake(40))
	assert.True(t, c.tryTake(20))
	a.free()
	a.take(40) // now it has waited shortest
	d.take(1)
	assert.Equal(t, []string{"b"}, cut)
	b.free()
	d.free()
	d.take(200)
	assert.Equal(t, []string{"b", "c", "a"}, cut, "all but the new one")
	for _, h := range []*bufferClaim{a, b, c, d} {
		h.free()
	}
	assert.Zero(t, budget.used)
	assert.Zero(t, budget.waiting.Len())
}

// TestPeersThatStallShareABudget has many peers that stop within a large message, or that do
// not read. The server's memory stays bounded, and it still serves a well-behaved client.
func TestPeersThatStallShareABudget(t *testing.T) {
	const fit = 8
	for name, stop := range map[string][]byte{
		"within a message": frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(60_000), make([]byte, 60_000))[:50_000],
		"without reading":  manyGetattrs(40_000),
	} {
		t.Run(name, func(t *testing.T) {
			srv := &Server{Limits: Limits{Buffers: fit * (maxMsize + outSize)}}
			l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
			require.NoError(t, err)
			served := make(chan error, 1)
			go func() { served <- srv.Serve(l) }()
			start := append(versionFrame(), frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", uint32(wire.NoUID))...)
			for range 4 * fit {
				c := dialUnix(t, l.Addr().String())
				_, err := c.Write(start)
				require.NoError(t, err)
				_, err = io.ReadFull(c, make([]byte, 21+wire.HeadSize+wire.QIDSize))
				require.NoError(t, err)
				require.NoError(t, c.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
				_, _ = c.Write(stop) // the server may read a part of it, or cut the connection
			}
			require.Eventually(t, func() bool { return srv.connections() <= 2*fit }, 10*time.Second, time.Millisecond)
			good := dialUnix(t, l.Addr().String())
			for range 100 {
				request := frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L)
				_, err := good.Write(request)
				require.NoError(t, err)
				_, err = io.ReadFull(good, make([]byte, len(request)))
				require.NoError(t, err)
			}
			assert.LessOrEqual(t, srv.buffers.bytes(), srv.limits.Buffers)
			require.NoError(t, srv.Close())
			assert.ErrorIs(t, <-served, ErrServerClosed)
			assert.Zero(t, srv.buffers.bytes())
		})
	}
}

func dialUnix(t *testing.T, address string) *net.UnixConn {
	t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: address})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func manyGetattrs(n int) (all []byte) {
	for range n {
		all = wire.AppendGetattr(all, 1, 0, 0x7ff)
	}
	return all
}

// connections returns the number of connections.
func (s *Server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.links)
}

// bytes returns how many bytes connections use while they wait.
func (b *bufferBudget) bytes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

func TestDeadlineThatPassedUnseenIsExtendedOnce(t *testing.T) {
	for name, test := range map[string]struct {
		late time.Duration // how late the connection notices its deadline
		more bool          // the deadline is extended
	}{
		"at once":                       {0, false},
		"after the process was stopped": {2 * deadline.LateBy, true},
		"a little late, as usual":       {deadline.LateBy / 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &Server{}
			srv.init()
			here, there := net.Pipe()
			defer func() { require.NoError(t, there.Close()) }()
			c := newConn(srv, here, 1, true)
			c.setUp()
			require.NoError(t, c.readWithin(time.Minute))
			c.deadline = time.Now().Add(-test.late)
			err := c.onceMore(os.ErrDeadlineExceeded)
			assert.Equal(t, test.more, err == nil)
			c.deadline = time.Now().Add(-test.late)
			assert.Error(t, c.onceMore(os.ErrDeadlineExceeded), "only once")
			require.NoError(t, c.readWithin(time.Minute))
			c.deadline = time.Now().Add(-test.late)
			assert.Equal(t, test.more, c.onceMore(os.ErrDeadlineExceeded) == nil, "a new deadline")
			require.NoError(t, c.finish())
			c.deadline = time.Now().Add(-2 * deadline.LateBy)
			c.extended = false
			assert.Error(t, c.onceMore(os.ErrDeadlineExceeded), "not after finish")
			require.NoError(t, c.io.close())
		})
	}
}
