package p9srv

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/outside"
	"fullex/p9srv/wire"
)

// socketOver serves srv until the test ends, and returns the client's end of a connection.
func socketOver(t *testing.T, srv *Server, network, address string) net.Conn {
	t.Helper()
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	client, err := net.Dial(network, l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = client.Close()
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-done, ErrServerClosed)
	})
	return client
}

// busyClient talks over TCP with a server in this process. It sends requests so fast that the
// server's end leaves the poller.
type busyClient struct {
	net.Conn
	t    *testing.T
	srv  *Server
	next int32 // the last value that was pushed
}

// manyWaits is a number of waits after which every socket that may leave the poller has left.
const manyWaits = 20 * 64

// patience is how long a test waits for something that should be quick.
const patience = 10 * time.Second

func newBusyClient(t *testing.T, srv *Server) *busyClient {
	t.Helper()
	if before := runtime.GOMAXPROCS(0); before < 2 { // with one processor, no socket leaves the poller
		runtime.GOMAXPROCS(2)
		t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	}
	t.Cleanup(func() { // runs after the server has ended
		require.Eventually(t, func() bool { return !srv.place.Taken() }, patience, time.Millisecond, "the place is free")
	})
	conn := socketOver(t, srv, "tcp", "127.0.0.1:0")
	require.NoError(t, conn.SetDeadline(time.Now().Add(6*patience)))
	c := &busyClient{Conn: conn, t: t, srv: srv}
	for _, request := range [][]byte{
		frame(wire.Tversion, wire.NoTag, uint32(maxMsize), wire.Version9P2000L),
		frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", uint32(wire.NoFID)),
		frame(wire.Twalk, 1, uint32(0), uint32(1), uint16(2), "each", "full_ex"),
		frame(wire.Tlopen, 1, uint32(1), uint32(2)),
		frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(1), []byte{9}),
	} {
		c.call(request)
	}
	return c
}

// call sends a request that must succeed and returns the reply.
func (c *busyClient) call(request []byte) []byte {
	c.t.Helper()
	_, err := c.Write(request)
	require.NoError(c.t, err)
	reply := make([]byte, maxMsize)
	n, err := io.ReadAtLeast(c, reply, wire.HeadSize)
	require.NoError(c.t, err)
	require.EqualValues(c.t, n, le.Uint32(reply))
	require.Equal(c.t, request[4]+1, reply[4])
	return reply[:n]
}

// pushAndPop pushes a value and pops it.
func (c *busyClient) pushAndPop() {
	c.t.Helper()
	c.next += 2
	c.call(frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(4), uint32(c.next)))
	reply := c.call(frame(wire.Tread, 1, uint32(1), uint64(0), uint32(4)))
	require.EqualValues(c.t, c.next, le.Uint32(reply[wire.RreadHead:]))
}

// leaves sends requests until the socket has left the poller.
func (c *busyClient) leaves() {
	c.t.Helper()
	for end := time.Now().Add(patience); !c.srv.place.Taken(); {
		require.True(c.t, time.Now().Before(end), "the socket does not leave the poller")
		c.pushAndPop()
	}
}

// comesBack waits until the socket is in the poller, or closed.
func (c *busyClient) comesBack() {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return !c.srv.place.Taken() }, patience, time.Millisecond)
}

// isCut waits until the server has ended the connection.
func (c *busyClient) isCut() {
	c.t.Helper()
	_, err := io.Copy(io.Discard, c)
	require.NotErrorIs(c.t, err, os.ErrDeadlineExceeded)
	c.comesBack()
}

func TestBusySocketLeavesThePollerAndComesBackWhenIdle(t *testing.T) {
	c := newBusyClient(t, &Server{})
	c.leaves()
	c.comesBack()
	before := descriptors(t)
	for range 20 {
		c.leaves()
		c.pushAndPop()
		c.comesBack()
		c.pushAndPop()
	}
	assert.LessOrEqual(t, descriptors(t), before, "fewer, if descriptors of other tests are closed late")
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestSocketOutsideEnds(t *testing.T) {
	const soon = 300 * time.Millisecond
	for name, c := range map[string]struct {
		limits Limits
		end    func(*busyClient, *Server)
	}{
		"by its peer": {end: func(c *busyClient, _ *Server) { _ = c.Close() }},
		"by a shutdown": {end: func(c *busyClient, srv *Server) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			require.NoError(t, srv.Shutdown(ctx))
			c.isCut()
		}},
		"by a close":                     {end: func(c *busyClient, srv *Server) { require.NoError(t, srv.Close()); c.isCut() }},
		"by being idle":                  {limits: Limits{IdleTimeout: soon}, end: func(c *busyClient, _ *Server) { c.isCut() }},
		"by a frame without an end":      {limits: Limits{FrameTimeout: soon}, end: func(c *busyClient, _ *Server) { c.drip(); c.isCut() }},
		"by a client that does not read": {limits: Limits{WriteTimeout: soon}, end: func(c *busyClient, _ *Server) { c.flood(); c.isCut() }},
		"by bytes that are not 9P":       {end: func(c *busyClient, _ *Server) { _, _ = c.Write(bytes.Repeat([]byte{0xff}, 100)); c.isCut() }},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &Server{Kernel: loadedKernel(), Limits: c.limits}
			client := newBusyClient(t, srv)
			client.leaves()
			c.end(client, srv)
			require.Eventually(t, func() bool { return srv.Kernel.Sessions() == 0 }, patience, time.Millisecond)
			client.comesBack()
		})
	}
}

// drip sends the bytes of a frame that never ends. It sends them so fast that the socket does
// not come back into the poller as idle.
func (c *busyClient) drip() {
	_, err := c.Write(le.AppendUint32(nil, maxMsize))
	for ; err == nil; time.Sleep(time.Millisecond) {
		_, err = c.Write([]byte{0})
	}
}

// flood sends requests and reads no reply.
func (c *busyClient) flood() {
	requests := bytes.Repeat(frame(wire.Tread, 1, uint32(1), uint64(0), uint32(4)), 1000)
	for {
		if _, err := c.Write(requests); err != nil {
			return
		}
	}
}

// TestSeveralBusySocketsStayInThePoller lets three clients be busy at the same time. No reply
// is lost while their sockets leave the poller or come back.
func TestSeveralBusySocketsStayInThePoller(t *testing.T) {
	srv := &Server{}
	clients := []*busyClient{newBusyClient(t, srv), newBusyClient(t, srv), newBusyClient(t, srv)}
	clients[0].leaves()
	for end := time.Now().Add(patience); ; {
		for _, c := range clients {
			c.pushAndPop()
		}
		if !srv.place.Taken() {
			break
		}
		require.True(t, time.Now().Before(end), "one socket stays outside although others are busy")
	}
	for range 1000 {
		for _, c := range clients {
			c.pushAndPop()
		}
	}
	clients[1].leaves()
}

// TestConnectionsOfCallersStayInThePoller uses ServeConn. Its caller has the connection, too,
// and must be able to close it.
func TestConnectionsOfCallersStayInThePoller(t *testing.T) {
	srv := &Server{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	client, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	theirs, err := l.Accept()
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(theirs) }()
	c := &busyClient{Conn: client, t: t, srv: srv}
	c.call(frame(wire.Tversion, wire.NoTag, uint32(maxMsize), wire.Version9P2000L))
	for range manyWaits {
		c.call(frame(wire.Tversion, wire.NoTag, uint32(maxMsize), wire.Version9P2000L))
		require.False(t, srv.place.Taken())
	}
	require.NoError(t, theirs.Close())
	select {
	case err := <-served:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("still served")
	}
	_, err = client.Read(make([]byte, 1))
	assert.Condition(t, func() bool { return err == io.EOF || assert.ErrorIs(t, err, syscall.ECONNRESET) })
	require.NoError(t, client.Close())
}

// socketPositions move a socket to each position in which it can be cut.
var socketPositions = map[string]func(t *testing.T, s *socket){
	"never left": func(*testing.T, *socket) {},
	"outside": func(t *testing.T, s *socket) {
		s.place = new(outside.Place)
		require.True(t, s.place.Take())
		require.True(t, s.leave())
	},
	"back in the poller": func(t *testing.T, s *socket) {
		s.place = new(outside.Place)
		require.True(t, s.place.Take())
		require.True(t, s.leave())
		require.NoError(t, s.comeBack())
	},
}

// TestCutSocketReturnsErrClosedWhereverItWaits checks the errors after a cut. From them, the
// log infers who ended the connection.
func TestCutSocketReturnsErrClosedWhereverItWaits(t *testing.T) {
	for name, move := range socketPositions {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			client, err := net.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			accepted, err := l.Accept()
			require.NoError(t, err)
			require.NoError(t, errors.Join(l.Close(), client.(*net.TCPConn).CloseRead()))
			var tr transport
			tr.init(accepted, time.Minute)
			move(t, &tr.socket)
			require.NoError(t, tr.socket.cut())
			require.NoError(t, tr.socket.cut(), "again")
			assert.ErrorIs(t, tr.write([]byte("reply")), net.ErrClosed)
			assert.ErrorIs(t, tr.more(), net.ErrClosed)
			assert.ErrorIs(t, tr.socket.SetReadDeadline(time.Now()), net.ErrClosed)
			assert.ErrorIs(t, tr.socket.SetWriteDeadline(time.Now()), net.ErrClosed)
			require.NoError(t, tr.close())
			require.NoError(t, tr.socket.cut(), "after its end")
			require.NoError(t, client.Close())
			assert.False(t, tr.socket.place != nil && tr.socket.place.Taken())
		})
	}
}

// keeping is a listener that also keeps the connections that it returns.
type keeping struct {
	net.Listener
	kept chan net.Conn
}

func (k keeping) Accept() (net.Conn, error) {
	c, err := k.Listener.Accept()
	if err == nil {
		k.kept <- c
	}
	return c, err
}

func TestListenerThatKeepsConnectionsCanCloseThem(t *testing.T) {
	srv := &Server{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	k := keeping{l, make(chan net.Conn, 1)}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(k) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	c := &busyClient{Conn: conn, t: t, srv: srv}
	for range manyWaits {
		c.call(frame(wire.Tversion, wire.NoTag, uint32(maxMsize), wire.Version9P2000L))
	}
	require.NoError(t, (<-k.kept).Close())
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	_, err = conn.Read(make([]byte, 1))
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, errors.Join(conn.Close(), srv.Close()))
	require.ErrorIs(t, <-done, ErrServerClosed)
}
