package faulty

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/device/faults"
	"fullex/p9srv"
	p9wire "fullex/p9srv/wire"
	"fullex/tests/wire"
)

// opened is the start of each conversation: it opens a deque as fid 1.
const opened = `
> Tversion 8192 9P2000.L
< Rversion 8192 9P2000.L
> Tattach 0 NOFID "" "" NOUID
< Rattach dir:*
> Twalk 0 1 full_ex
< Rwalk file:*
> Tlopen 1 O_RDWR
< Rlopen file:* *
`

func layerOf(t *testing.T, texts ...string) p9srv.Layer {
	t.Helper()
	var planted []faults.Planted
	for _, text := range texts {
		p, err := faults.Parse(OfTheWay(), text)
		require.NoError(t, err)
		planted = append(planted, p)
	}
	layer, err := Layer(planted...)
	require.NoError(t, err)
	return layer
}

// faultyDevice returns a server whose full_ex has faults.
func faultyDevice(t *testing.T, texts ...string) *p9srv.Server {
	t.Helper()
	var planted []faults.Planted
	for _, text := range texts {
		p, err := faults.Parse(faults.OfDevice(), text)
		require.NoError(t, err)
		planted = append(planted, p)
	}
	m, err := faults.Module(new(device.FullEx), planted...)
	require.NoError(t, err)
	kernel := device.NewKernel(m)
	require.NoError(t, kernel.Load("full_ex"))
	return &p9srv.Server{Kernel: kernel}
}

// dial is like connect, but its connection speaks in text.
func dial(t *testing.T, srv *p9srv.Server) *wire.Conn {
	t.Helper()
	c := wire.NewConn(connect(t, srv))
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// connect serves srv on a unix socket until the test ends, and returns a connection to it.
func connect(t *testing.T, srv *p9srv.Server) net.Conn {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-done, p9srv.ErrServerClosed)
	})
	c, err := net.Dial("unix", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestClientsSeeFaultsOfTheDevice(t *testing.T) {
	for name, test := range map[string]struct{ planted, talk string }{
		"a big read loses a value": {"lost-on-big-read", `
			> Tread 1 0 4
			< Rread int:2
			> Tread 1 0 4096
			< Rread int:4
			> Tread 1 0 4
			< Rlerror EACCES
			> Twrite 1 0 int:8
			< Rwrite 4
			> Tread 1 0 3
			< Rlerror EINVAL
			> Tread 1 0 1048576
			< Rread int:8`},
		"a refused read loses a value": {"lost-on-error", `
			> Tread 1 0 3
			< Rlerror EINVAL
			> Tread 1 0 4096
			< Rread int:4
			> Tread 1 0 4
			< Rread int:6`},
		"a short write is accepted": {"short-write", `
			> Twrite 1 0 hex:0102
			< Rwrite 2
			> Twrite 1 0 hex:0102030405
			< Rlerror EINVAL
			> Tread 1 0 4
			< Rread hex:01020000
			> Tread 1 0 4
			< Rread int:2`},
		"odd values go right, and a client has two deques": {"odd-right second-open", `
			> Twrite 1 0 int:1
			< Rwrite 4
			> Twalk 0 2 full_ex
			< Rwalk file:*
			> Tlopen 2 O_RDWR
			< Rlopen file:* *
			> Tread 2 0 4
			< Rlerror EACCES
			> Tread 1 0 8
			< Rread int:2
			> Tread 1 0 8
			< Rread int:4
			> Tread 1 0 8
			< Rread int:6
			> Tread 1 0 8
			< Rread int:1`},
	} {
		c := dial(t, faultyDevice(t, strings.Fields(test.planted)...))
		require.NoError(t, c.Talk(opened+`
			> Twrite 1 0 hex:09
			< Rwrite 1
			> Twrite 1 0 int:2
			< Rwrite 4
			> Twrite 1 0 int:4
			< Rwrite 4
			> Twrite 1 0 int:6
			< Rwrite 4`))
		assert.NoError(t, c.Talk(test.talk), name)
	}
	c := dial(t, faultyDevice(t, "error=1"))
	assert.NoError(t, c.Talk(opened+`
		> Twrite 1 0 hex:09
		< Rlerror EIO`))
}

// TestDelayedRepliesAreSentLaterAndTogether uses a connection in memory, where a Write
// returns when its replies are sent.
func TestDelayedRepliesAreSentLaterAndTogether(t *testing.T) {
	const delay = 30 * time.Millisecond
	srv := &p9srv.Server{Layer: layerOf(t, "delay=30ms")}
	c, err := srv.Connect()
	require.NoError(t, err)
	defer func() { require.NoError(t, srv.Close()) }()
	start := time.Now()
	for range 2 {
		_, err = c.Write(p9wire.AppendVersion(nil, p9wire.Tversion, p9wire.NoTag, 8192, p9wire.Version9P2000L))
		require.NoError(t, err)
	}
	assert.GreaterOrEqual(t, time.Since(start), 2*delay)
	var requests []byte
	for tag := range uint16(9) {
		requests = p9wire.AppendWalk(requests, tag, 0, 1)
	}
	start = time.Now()
	_, err = c.Write(requests)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(start), delay)
	assert.Less(t, time.Since(start), 9*delay)
}

func TestShutdownDoesNotWaitForADelay(t *testing.T) {
	srv := &p9srv.Server{Layer: layerOf(t, "delay=1m")}
	asked := make(chan struct{})
	first := sync.OnceFunc(func() { close(asked) })
	srv.Trace = func(string) { first() }
	c := dial(t, srv)
	require.NoError(t, c.Send("Tversion 8192 9P2000.L"))
	<-asked
	memory, err := srv.Connect()
	require.NoError(t, err)
	written := make(chan error, 1)
	go func() {
		_, err := memory.Write(p9wire.AppendVersion(nil, p9wire.Tversion, p9wire.NoTag, 8192, p9wire.Version9P2000L))
		written <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, srv.Shutdown(ctx))
	<-written
}

// replies returns the tags and the names of n replies.
func replies(t *testing.T, c *wire.Conn, n int) (tags []uint16, names []string) {
	t.Helper()
	for range n {
		frame, err := c.Receive()
		require.NoError(t, err)
		text, tag := wire.Decode(frame)
		name, _, _ := strings.Cut(text, " ")
		tags, names = append(tags, tag), append(names, name)
	}
	return tags, names
}

func TestRepliesAreReordered(t *testing.T) {
	requests := []string{
		"Twrite 1 0 hex:09", "Twrite 1 0 int:2", "Twrite 1 0 int:4", "Twrite 1 0 int:6",
		"Tflush 4", "Tread 1 0 4", "Tread 1 0 4", "Tread 1 0 4",
	}
	c := dial(t, &p9srv.Server{Layer: layerOf(t, "reorder")})
	require.NoError(t, c.Talk(opened))
	require.NoError(t, c.Send(requests...))
	tags, names := replies(t, c, 8)
	assert.Equal(t, []uint16{7, 6, 5, 4, 8, 11, 10, 9}, tags, "only the reply to the flush is not moved")
	assert.Equal(t, strings.Fields("Rwrite Rwrite Rwrite Rwrite Rflush Rread Rread Rread"), names, "the requests were answered in their order")
}

// TestRequestsInFlightTogetherAreReordered sends each request with a write of its own.
func TestRequestsInFlightTogetherAreReordered(t *testing.T) {
	var writing sync.Mutex
	reorder := layerOf(t, "reorder")
	srv := &p9srv.Server{Layer: func(p p9srv.Processor, way p9srv.Way) p9srv.Processor {
		more := way.More
		way.More = func() []byte {
			writing.Lock()
			defer writing.Unlock()
			return more()
		}
		return reorder(p, way)
	}}
	raw := connect(t, srv)
	writing.Lock()
	for tag := range uint16(3) {
		_, err := raw.Write(p9wire.AppendWalk(nil, tag, 0, 1)) // refused: there is no version yet
		require.NoError(t, err)
	}
	writing.Unlock()
	tags, _ := replies(t, wire.NewConn(raw), 3)
	assert.Equal(t, []uint16{2, 1, 0}, tags)
}

func TestNthMessageEndsTheConnection(t *testing.T) {
	srv := &p9srv.Server{Layer: layerOf(t, "drop=4")}
	for _, piece := range []int{0, 1, 5} {
		c := dial(t, srv)
		c.Piece = piece
		require.NoError(t, c.Send("Tversion 8192 9P2000.L", `Tattach 0 NOFID "" "" NOUID`,
			"Twalk 0 1 full_ex", "Tlopen 1 O_RDWR", "Tlopen 1 O_RDWR"))
		_, names := replies(t, c, 3)
		assert.Equal(t, strings.Fields("Rversion Rattach Rwalk"), names)
		_, err := c.Receive()
		assert.ErrorIs(t, err, wire.ErrClosed, "the fourth message ends the connection")
	}
	require.NoError(t, srv.Close())
	assert.Zero(t, srv.Kernel.Sessions())
}

// TestDropCountsEachMessageOnce sends so many messages at once that the server answers them
// in several batches. A frame whose size cannot be right still ends a connection at once.
func TestDropCountsEachMessageOnce(t *testing.T) {
	srv := &p9srv.Server{Layer: layerOf(t, "drop=5000")}
	for _, head := range [][]byte{{3, 0, 0, 0, 100, 0, 0}, {0, 0, 0, 1}} {
		raw := connect(t, srv)
		_, err := raw.Write(head)
		require.NoError(t, err)
		_, err = wire.NewConn(raw).Receive()
		assert.ErrorIs(t, err, wire.ErrClosed)
	}
	c := dial(t, srv)
	requests := make([]string, 5000) // too many replies for one batch
	for i := range requests {
		requests[i] = "Twalk 0 1"
	}
	require.NoError(t, c.Send(requests...))
	replies(t, c, 4999)
	_, err := c.Receive()
	assert.ErrorIs(t, err, wire.ErrClosed)
}

func TestBadFaultsOfTheWayAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"delay=":   "want delay=TIME",
		"delay=5":  "such as 20ms",
		"delay=0s": "above 0",
		"delay=2m": "up to 1m0s",
		"drop=0":   "from 1",
		"drop=-1":  "from 1",
		"drop=x":   "from 1",
		"reorder=": "want reorder",
		"leak":     "no such fault, want one of delay=TIME, reorder, drop=N",
	} {
		p, err := faults.Parse(OfTheWay(), text)
		if err == nil {
			_, err = Layer(p)
		}
		assert.ErrorContains(t, err, want, text)
	}
	_, err := Layer(faults.Planted{Fault: faults.Fault{Name: "leak"}})
	assert.ErrorContains(t, err, "not a fault of the way")
}

func TestFaultsOfTheWayDoNotChangeTheDevice(t *testing.T) {
	for _, planted := range []string{"", "delay=1us", "reorder", "drop=1000", "delay=1us reorder drop=1000"} {
		c := dial(t, &p9srv.Server{Layer: layerOf(t, strings.Fields(planted)...)})
		assert.NoError(t, c.Talk(opened+`
			> Tread 1 0 4
			< Rlerror EACCES
			> Twrite 1 0 hex:65
			< Rlerror EINVAL
			> Twrite 1 0 hex:03
			< Rwrite 1
			> Twrite 1 0 int:2
			< Rwrite 4
			> Twrite 1 0 int:1
			< Rwrite 4
			> Twrite 1 0 int:-3
			< Rwrite 4
			> Twrite 1 0 int:4
			< Rlerror EACCES
			> Tread 1 0 3
			< Rlerror EINVAL
			> Twalk 0 2 full_ex
			< Rwalk file:*
			> Tlopen 2 O_RDWR
			< Rlerror EACCES
			> Tread 1 0 4096
			< Rread int:-3
			> Tread 1 0 4096
			< Rread int:1
			> Tread 1 0 4096
			< Rread int:2
			> Tclunk 1
			< Rclunk
			> Tlopen 2 O_RDWR
			< Rlopen file:* *`), planted)
	}
}
