package load_test

import (
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/p9srv/client/load"
)

// counts is a Recorder.
type counts struct {
	mu      sync.Mutex // guards the fields below
	done    [3]int64   // by kind
	refused [3]int64
	took    []time.Duration
}

func (c *counts) Record(k load.Kind, took time.Duration, refused bool, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done[k] += n
	if refused {
		c.refused[k] += n
	}
	c.took = append(c.took, slices.Repeat([]time.Duration{took}, int(n))...)
}

func (c *counts) total() int64 { return c.done[load.Write] + c.done[load.Read] + c.done[load.Open] }

// median returns the middle of all latencies.
func (c *counts) median() time.Duration {
	slices.Sort(c.took)
	return c.took[len(c.took)/2]
}

// as returns a config for devices below /each.
func as(depth, sessions, fill int, mix load.Mix, r load.Recorder) load.Config {
	return load.Config{Path: []string{"each", "full_ex"}, Depth: depth, Sessions: sessions, Fill: fill, Mix: mix, Recorder: r}
}

// serve serves on a unix socket and returns a connection to it.
func serve(t *testing.T, srv *p9srv.Server) net.Conn { return listen(t, srv)() }

// listen serves on a unix socket and returns a function that connects to it.
func listen(t *testing.T, srv *p9srv.Server) (dial func() net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		assert.ErrorIs(t, <-served, p9srv.ErrServerClosed)
	})
	return func() net.Conn {
		conn, err := net.Dial("unix", l.Addr().String())
		require.NoError(t, err)
		return conn
	}
}

// open returns a Conn over a connection.
func open(t *testing.T, conn net.Conn, config load.Config) (*load.Conn, error) {
	t.Helper()
	k, err := client.New(t.Context(), conn)
	require.NoError(t, err)
	root, err := k.AttachSelf(t.Context())
	require.NoError(t, err)
	return load.New(t.Context(), k, root, config)
}

func opened(t *testing.T, conn net.Conn, config load.Config) *load.Conn {
	t.Helper()
	c, err := open(t, conn, config)
	require.NoError(t, err)
	return c
}

func run(t *testing.T, o load.Options, workers ...load.Worker) load.Result {
	t.Helper()
	r, err := load.Run(t.Context(), workers, o)
	require.NoError(t, err)
	return r
}

const short = 30 * time.Millisecond
