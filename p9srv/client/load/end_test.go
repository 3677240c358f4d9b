package load_test

import (
	"cmp"
	"context"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/p9srv/client/load"
	"fullex/p9srv/wire"
)

// TestServerThatEndsOrHangs ends a server during a load, and loads another that never
// answers.
func TestServerThatEndsOrHangs(t *testing.T) {
	for _, rate := range []float64{0, 500} {
		srv := &p9srv.Server{}
		conns := []load.Worker{
			opened(t, serve(t, srv), as(8, 1, load.Half, load.Mix{}, nil)),
			opened(t, serve(t, &p9srv.Server{}), as(8, 1, load.Half, load.Mix{}, nil)),
		}
		before := runtime.NumGoroutine()
		time.AfterFunc(short, func() { _ = srv.Close() })
		r, err := load.Run(t.Context(), conns, load.Options{Length: time.Minute, Rate: rate})
		assert.ErrorIs(t, err, client.ErrEnded)
		assert.NotContains(t, err.Error(), "\n")
		assert.Less(t, r.Elapsed, 10*time.Second)
		require.NoError(t, load.Close(conns))

		here, there := net.Pipe()
		hangs := make(chan struct{})
		go func() {
			defer close(hangs)
			_, _ = there.Read(make([]byte, 1)) // and nothing else
		}()
		c := load.NewFixed(here, as(8, 1, load.Half, load.Mix{}, nil))
		ctx, cancel := context.WithTimeout(t.Context(), short)
		defer cancel()
		_, err = load.Run(ctx, []load.Worker{c}, load.Options{Length: time.Minute, Rate: rate})
		assert.EqualError(t, err, "no reply for 1s")
		require.NoError(t, c.Close())
		<-hangs
		require.NoError(t, there.Close())
		assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before }, 5*time.Second, time.Millisecond)
	}
}

// TestServerThatReadsNothingWhileItWrites loads a server that reads no request until its
// reply is read.
func TestServerThatReadsNothingWhileItWrites(t *testing.T) {
	here, there := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		head := make(wire.Frame, wire.HeadSize)
		for {
			for fill := 0; fill < len(head); {
				n, err := there.Read(head[fill:])
				if fill += n; err != nil {
					return
				}
			}
			for left := int(wire.Size(head)) - len(head); left > 0; {
				n, err := there.Read(make([]byte, left))
				if left -= n; err != nil {
					return
				}
			}
			if _, err := there.Write(frame(wire.Rread, head.Tag(), 4, 0, 0, 0, 0, 0, 0, 0)); err != nil {
				return
			}
		}
	}()
	c := load.NewFixed(here, as(5, 1, load.Half, load.Mix{}, nil))
	r := run(t, load.Options{Length: time.Minute, Each: 10}, c)
	assert.EqualValues(t, 10, r.Ops)
	require.NoError(t, c.Close())
	<-served
}

// reluctant is a connection that takes only a part of every second write.
type reluctant struct {
	net.Conn
	armed  atomic.Bool
	writes atomic.Int64
}

func (c *reluctant) Write(p []byte) (int, error) {
	if !c.armed.Load() || c.writes.Add(1)%2 == 0 {
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(p[:len(p)/30])
	return n, cmp.Or(err, os.ErrDeadlineExceeded)
}

func TestRestOfAPartialWriteIsSentLater(t *testing.T) {
	for _, rate := range []float64{0, 100} {
		conn := &reluctant{Conn: serve(t, &p9srv.Server{})}
		c := opened(t, conn, as(2, 1, load.Half, load.Mix{}, nil))
		conn.armed.Store(true)
		r := run(t, load.Options{Length: 200 * time.Millisecond, Rate: rate}, c)
		assert.Greater(t, r.Ops, int64(1))
		r = run(t, load.Options{Length: time.Minute, Each: 3}, c)
		assert.EqualValues(t, 3, r.Ops)
		conn.armed.Store(false)
		require.NoError(t, c.Close())
	}
}

func TestEndedContextEndsARun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := opened(t, serve(t, &p9srv.Server{}), as(4, 4, load.Half, load.Mix{}, nil))
	time.AfterFunc(short, cancel)
	r, err := load.Run(ctx, []load.Worker{c}, load.Options{Length: time.Hour})
	require.NoError(t, err)
	assert.Positive(t, r.Ops)
	r, err = load.Run(ctx, []load.Worker{c}, load.Options{Length: time.Hour, Rate: 1})
	require.NoError(t, err)
	assert.Less(t, r.Elapsed, time.Minute)
	require.NoError(t, c.Close())
}
