package conformance

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/endpoint"
)

// transport is a way to reach a server.
type transport struct {
	name    string
	vouches bool // for the peer's user
	// start runs the server. dial connects to it. stop shuts it down and waits for the
	// goroutines that start began.
	start func(t testing.TB, srv *p9srv.Server) (dial func() (net.Conn, error), stop func())
}

// transports returns all transports that this package tests. dir is for sockets.
func transports(dir string) []transport {
	var sockets atomic.Int64
	return []transport{
		{name: "unix", vouches: true, start: func(t testing.TB, srv *p9srv.Server) (func() (net.Conn, error), func()) {
			path := filepath.Join(dir, strconv.FormatInt(sockets.Add(1), 10))
			return listen(t, srv, endpoint.Unix(path))
		}},
		{name: "tcp", start: startTCP},
		{name: "pipe", start: startPipe},
		{name: "memory", vouches: true, start: startMemory},
	}
}

// startTCP starts a server on a free port of the loopback address.
func startTCP(t testing.TB, srv *p9srv.Server) (func() (net.Conn, error), func()) {
	return listen(t, srv, endpoint.TCP("127.0.0.1", 0))
}

func listen(t testing.TB, srv *p9srv.Server, e endpoint.Endpoint) (func() (net.Conn, error), func()) {
	l, err := e.Listen(t.Context())
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	dial := func() (net.Conn, error) { return net.Dial(l.Addr().Network(), l.Addr().String()) }
	return dial, func() {
		shutDown(t, srv)
		assert.ErrorIs(t, <-served, p9srv.ErrServerClosed)
	}
}

// startPipe makes connections with net.Pipe, which have no descriptors. stop waits until
// clients have closed all of them, and then shuts the server down.
func startPipe(t testing.TB, srv *p9srv.Server) (func() (net.Conn, error), func()) {
	var serving sync.WaitGroup
	dial := func() (net.Conn, error) {
		client, server := net.Pipe()
		serving.Go(func() { assert.NoError(t, srv.ServeConn(server)) })
		return client, nil
	}
	return dial, func() {
		serving.Wait()
		shutDown(t, srv)
	}
}

// startMemory makes connections with Server.Connect.
func startMemory(t testing.TB, srv *p9srv.Server) (func() (net.Conn, error), func()) {
	dial := func() (net.Conn, error) {
		conn, err := srv.Connect()
		return memoryConn{ReadWriteCloser: conn}, err
	}
	return dial, func() { shutDown(t, srv) }
}

// memoryConn makes a net.Conn of a connection of Server.Connect. Its deadlines do nothing.
type memoryConn struct {
	io.ReadWriteCloser
	net.Conn
}

func (c memoryConn) Read(p []byte) (int, error)       { return c.ReadWriteCloser.Read(p) }
func (c memoryConn) Write(p []byte) (int, error)      { return c.ReadWriteCloser.Write(p) }
func (c memoryConn) Close() error                     { return c.ReadWriteCloser.Close() }
func (c memoryConn) SetDeadline(time.Time) error      { return nil }
func (c memoryConn) SetReadDeadline(time.Time) error  { return nil }
func (c memoryConn) SetWriteDeadline(time.Time) error { return nil }

func shutDown(t testing.TB, srv *p9srv.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	assert.NoError(t, srv.Shutdown(ctx))
}
