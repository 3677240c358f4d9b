package trace

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint/rights"
	"fullex/p9srv/wire"
)

// between starts a proxy in front of a server, which calls serve for each connection. It
// returns the address of the proxy. Both end before the test does.
func between(t *testing.T, network string, serve func(*testing.T, net.Conn)) (address string, stop func()) {
	t.Helper()
	dir := t.TempDir()
	listen := func(name string) net.Listener {
		address := "127.0.0.1:0"
		if network == "unix" {
			address = filepath.Join(dir, name)
		}
		l, err := net.Listen(network, address)
		require.NoError(t, err)
		if socket, ok := l.(*net.UnixListener); ok { // as an endpoint does
			return rights.NewListener(socket)
		}
		return l
	}
	server, front := listen("s"), listen("p")
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			running.Go(func() { serve(t, conn) })
		}
	})
	q := NewQueue()
	printed := make(chan error, 1)
	go func() { printed <- Printer{Out: io.Discard}.Print(q) }()
	p := &Proxy{
		Queue:  q,
		Failed: func(err error) { assert.NoError(t, err) },
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Addr().String())
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	running.Go(func() { assert.NoError(t, p.Serve(ctx, front)) })
	t.Cleanup(func() {
		cancel()
		_ = server.Close()
		running.Wait()
		q.Close()
		assert.NoError(t, <-printed)
	})
	return front.Addr().String(), cancel
}

// dial connects. Reads and writes of the connection fail after 30 s.
func dial(t *testing.T, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// randomStream returns messages with random types, tags and bodies. Bytes that are not a
// message follow them.
func randomStream(random *rand.Rand) []byte {
	var stream []byte
	for range 400 {
		body := make([]byte, random.IntN(300))
		if random.IntN(40) == 0 {
			body = make([]byte, random.IntN(200_000))
		}
		for i := range body {
			body[i] = byte(random.Uint32())
		}
		stream = append(stream, frameOf(wire.Type(random.Uint32()), uint16(random.Uint32()), body...)...)
	}
	return append(stream, "\x00\x00\x00\x00not a message"...)
}

// send writes a stream in pieces.
func send(t *testing.T, w io.Writer, stream []byte, random *rand.Rand) {
	for len(stream) > 0 {
		n := min(1+random.IntN(5000), len(stream))
		if _, err := w.Write(stream[:n]); !assert.NoError(t, err) {
			return
		}
		stream = stream[n:]
	}
}

// TestBytesPassUnchanged sends in both directions at the same time, and ends both.
func TestBytesPassUnchanged(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			requests := randomStream(rand.New(rand.NewPCG(1, 1)))
			replies := randomStream(rand.New(rand.NewPCG(2, 2)))
			address, _ := between(t, network, func(t *testing.T, c net.Conn) {
				defer func() { _ = c.Close() }()
				var sending sync.WaitGroup
				defer sending.Wait()
				sending.Go(func() { send(t, c, replies, rand.New(rand.NewPCG(3, 3))) })
				got, err := io.ReadAll(c)
				assert.NoError(t, err)
				assert.True(t, bytes.Equal(requests, got), "%d bytes, want %d", len(got), len(requests))
			})
			c := dial(t, network, address)
			var sending sync.WaitGroup
			defer sending.Wait()
			sending.Go(func() {
				send(t, c, requests, rand.New(rand.NewPCG(4, 4)))
				assert.NoError(t, closeWrite(c))
			})
			got, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(replies, got), "%d bytes, want %d", len(got), len(replies))
		})
	}
}

// TestAPartOfAMessagePassesAtOnce uses a server that answers a part of a message.
func TestAPartOfAMessagePassesAtOnce(t *testing.T) {
	address, _ := between(t, "unix", func(t *testing.T, c net.Conn) {
		defer func() { _ = c.Close() }()
		_, _ = io.CopyN(c, c, 3)
		_, _ = io.Copy(io.Discard, c)
	})
	c := dial(t, "unix", address)
	_, err := c.Write([]byte("\x20\x00\x00"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 3))
	require.NoError(t, err)
}

func TestClientSeesTheEndOfTheServer(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		address, _ := between(t, network, func(t *testing.T, c net.Conn) {
			_, _ = c.Write([]byte("last words"))
			_ = c.Close()
		})
		got, err := io.ReadAll(dial(t, network, address))
		require.NoError(t, err)
		assert.Equal(t, "last words", string(got))
	}
}

func TestServerSeesTheEndOfTheClient(t *testing.T) {
	ended := make(chan error, 1)
	address, _ := between(t, "unix", func(_ *testing.T, c net.Conn) {
		_, err := io.Copy(io.Discard, c)
		ended <- err
		_ = c.Close()
	})
	require.NoError(t, dial(t, "unix", address).Close())
	require.NoError(t, <-ended)
}

// TestStopEndsConnections stops a proxy with more connections than maxThreads, all silent.
func TestStopEndsConnections(t *testing.T) {
	var reached sync.WaitGroup
	reached.Add(maxThreads + 3)
	address, stop := between(t, "unix", func(_ *testing.T, c net.Conn) {
		reached.Done()
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	})
	var conns []net.Conn
	for range maxThreads + 3 {
		conns = append(conns, dial(t, "unix", address))
	}
	reached.Wait()
	stop()
	for _, c := range conns {
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	}
}
