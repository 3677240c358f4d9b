package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/endpoint/accept"
	"fullex/p9srv/endpoint/rights"
	"fullex/p9srv/outside"
)

// Proxy passes connections on to a server.
type Proxy struct {
	Dial     func(context.Context) (net.Conn, error) // connects to the server
	Queue    *Queue
	Recorder *Recorder   // nil: nothing is recorded
	Failed   func(error) // is called for each connection that cannot be accepted or passed on

	last atomic.Uint64 // number of the last connection
	live atomic.Int64  // number of open connections
}

// Serve passes on the connections of a listener, until ctx ends. Then it closes the listener
// and all connections, and returns when they have ended. It returns an error if the listener
// fails.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var serving sync.WaitGroup
	defer serving.Wait()
	defer cancel() // before the wait
	loop := accept.Loop{Listener: l, Failed: func(err error, retry time.Duration) {
		p.Failed(fmt.Errorf("accept, again in %v: %w", retry, err))
	}}
	for {
		rights.AwaitRoom(ctx, l, func() { p.Failed(fmt.Errorf("accept: %w", rights.ErrFull)) })
		conn, err := loop.Next(ctx)
		switch {
		case err == nil:
			serving.Go(func() { p.ServeConn(ctx, conn) })
		case ctx.Err() != nil:
			return nil
		default:
			return errors.Join(fmt.Errorf("accept: %w", err), l.Close())
		}
	}
}

// connectTime is how long the server may take to accept a client.
const connectTime = 10 * time.Second

// ServeConn passes on one connection until its client or the server closes it, or ctx ends.
// Then it closes the connection.
func (p *Proxy) ServeConn(ctx context.Context, client net.Conn) {
	client = rights.Guard(client)
	_ = endpoint.NoticeLoss(client, 0) // an error: reads will fail, too
	dialing, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	server, err := p.Dial(dialing)
	if err != nil {
		if ctx.Err() == nil {
			p.Failed(err)
		}
		_ = client.Close()
		return
	}
	ends, err := p.ends(client, server)
	if err != nil {
		p.Failed(fmt.Errorf("pass a connection on: %w", err))
		return
	}
	defer p.live.Add(-1)
	stop := context.AfterFunc(ctx, ends.close)
	defer stop()
	c := newConversation(p.last.Add(1), p.Queue, p.Recorder)
	c.note("connected")
	defer c.end()
	ends.carry(c)
}

// ends are the two connections between which bytes are passed on.
type ends struct{ client, server io.ReadWriteCloser }

// maxThreads is how many connections at a time have two threads that wait in the kernel, one
// for each direction. That saves wake-ups of the runtime (BenchmarkTrace, 64 in flight: twice
// the rate). Thousands of connections would need too many threads.
const maxThreads = 64

// ends prepares the two connections for carry. If that fails, it closes both.
func (p *Proxy) ends(client, server net.Conn) (e ends, err error) {
	_, hasDescriptor := client.(syscall.Conn)
	if p.live.Add(1) > maxThreads || !hasDescriptor {
		return ends{client, server}, nil
	}
	if e.client, err = outside.NewConn(client); err != nil {
		p.live.Add(-1)
		return e, errors.Join(err, server.Close())
	}
	if e.server, err = outside.NewConn(server); err != nil {
		p.live.Add(-1)
		return e, errors.Join(err, e.client.Close())
	}
	return e, nil
}

// close closes both connections. A second call does nothing.
func (e ends) close() { _, _ = e.client.Close(), e.server.Close() }

// carry passes on both directions and closes both connections. If the server ends its
// direction, carry ends. If the client ends its direction, carry passes that on and goes
// on, because replies may still come.
func (e ends) carry(c *conversation) {
	var up sync.WaitGroup
	defer up.Wait()
	up.Go(func() {
		read, err := pump(e.server, e.client, c.requested)
		switch {
		case read && errors.Is(err, io.EOF) && closeWrite(e.server) == nil:
		case read: // the client is lost, or the end of its direction cannot be passed on
			_ = e.server.Close()
		default: // the server reads no more, but may still send
			closeRead(e.client)
		}
	})
	if read, _ := pump(e.client, e.server, c.replied); read {
		_ = closeWrite(e.client) // so the end comes after the last reply
	}
	e.close()
}

// pumpSize is how much is passed on at once, in bytes: the largest message of a server.
const pumpSize = 64 << 10

// pump passes bytes on as they come, and calls show before it writes them. It returns the
// error that ended it, and whether that came from reading.
func pump(to io.Writer, from io.Reader, show func([]byte)) (read bool, err error) {
	buffer := make([]byte, pumpSize)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			show(buffer[:n])
			if _, err := to.Write(buffer[:n]); err != nil {
				return false, err
			}
		}
		if err != nil {
			return true, err
		}
	}
}

var errNoHalf = errors.New("one direction of the connection cannot be closed alone")

// closeWrite ends the direction to the peer, or returns an error if the transport cannot.
func closeWrite(c io.Closer) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errNoHalf
}

// closeRead makes the writes of the peer fail, if the transport can.
func closeRead(c io.Closer) {
	if half, ok := c.(interface{ CloseRead() error }); ok {
		_ = half.CloseRead()
	}
}
