package p9srv

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"fullex/p9srv/endpoint"
)

// MemoryConn is the client's end of a connection within this process; see [Server.Connect].
// It has no goroutine of its own. Write answers the requests that it completes, and Read
// returns the replies. So a request needs no switch to another thread. Over a socket, that
// switch costs more than all the rest.
//
// A MemoryConn is safe for concurrent use, as a socket is. A message must be written by one
// Write, or by one goroutine at a time.
type MemoryConn struct {
	srv *Server
	log *slog.Logger

	// serving guards the fields below and is locked while requests are answered. It is
	// taken before mu.
	serving   sync.Mutex
	processor Processor // the front, or layers around it; immutable
	front     front
	part      []byte // a part of a frame, until its rest is written
	ended     bool

	// mu guards the fields below.
	mu      sync.Mutex
	changed sync.Cond // signals a change of replies or closed
	replies []byte    // not read yet
	closed  bool
}

// maxUnread is how many bytes of unread replies make writers wait for a reader.
const maxUnread = 2 * flushSize

// Connect returns the client's end of a new connection within this process. The client may
// attach as any user. Root and the user of this process are administrators. Connect returns
// ErrServerClosed if the server is closed, and ENFILE if the server has too many connections.
//
// A Write returns when its requests are answered. It waits while more than 64 KiB of replies
// are unread. Close frees all sessions of the connection before it returns. Time limits do
// not apply, as nobody waits for this client.
func (s *Server) Connect() (*MemoryConn, error) {
	s.init()
	number := s.accepted.Add(1)
	p := memoryPeer(number)
	log := s.log.With("conn", number, "peer", p.Where)
	c := &MemoryConn{srv: s, log: log, front: front{srv: s, peer: p, log: log}}
	c.processor = c.front.layered(nil)
	c.changed.L = &c.mu
	s.freezer.admit()
	defer s.freezer.admitted()
	if err := s.addConn(c); err != nil {
		return nil, err
	}
	log.Info("connected")
	return c, nil
}

// Write implements io.Writer. After an error, the connection has ended.
func (c *MemoryConn) Write(p []byte) (int, error) {
	c.serving.Lock()
	defer c.serving.Unlock()
	if c.ended {
		return 0, io.ErrClosedPipe
	}
	in := p
	if len(c.part) > 0 {
		c.part = append(c.part, p...)
		in = c.part
	}
	rest, err := c.answer(in)
	if err != nil {
		c.endWith(err)
		return 0, err
	}
	c.part = append(c.part[:0], rest...)
	return len(p), nil
}

// Exchange answers one whole request and appends the reply to reply. The request may have any
// tag, as only this caller sees the reply. Its fids are those of the connection. After an
// error, the connection has ended; from then on Exchange returns io.ErrClosedPipe.
func (c *MemoryConn) Exchange(message, reply []byte) ([]byte, error) {
	c.serving.Lock()
	defer c.serving.Unlock()
	if c.ended {
		return reply, io.ErrClosedPipe
	}
	used, out, err := c.process(message, reply)
	if err == nil && used < len(message) {
		err = errNotOne
	}
	if err != nil {
		c.endWith(err)
		return reply, err
	}
	return out, nil
}

// errNotOne ends a connection whose client has called Exchange without exactly one message.
var errNotOne = errors.New("less or more than one message")

// process calls the processor, with a backstop for defects.
func (c *MemoryConn) process(in, out []byte) (used int, _ []byte, err error) {
	defer recoverDefect(c.log, &err)
	return c.processor.Process(in, out)
}

// answer answers the whole frames at the start of in and returns the rest of in.
func (c *MemoryConn) answer(in []byte) (rest []byte, err error) {
	buffer := outPool.Get().(*outBuffer)
	defer outPool.Put(buffer)
	for {
		used, out, err := c.process(in, buffer.b[:0])
		buffer.b = out
		if err := errors.Join(err, c.deliver(out)); err != nil {
			return nil, err
		}
		in = in[used:]
		if used == 0 || len(in) == 0 {
			return in, nil
		}
	}
}

// deliver makes replies available to Read. It waits while too many are unread.
func (c *MemoryConn) deliver(out []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.replies) > maxUnread && !c.closed {
		c.changed.Wait()
	}
	if c.closed {
		return io.ErrClosedPipe
	}
	c.replies = append(c.replies, out...)
	c.changed.Broadcast()
	return nil
}

// Read implements io.Reader. It waits for a reply. It returns io.EOF if the connection is
// closed and all replies are read.
func (c *MemoryConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.replies) == 0 {
		if c.closed {
			return 0, io.EOF
		}
		c.changed.Wait()
	}
	n := copy(p, c.replies)
	full := len(c.replies) > maxUnread
	c.replies = c.replies[:copy(c.replies, c.replies[n:])]
	if full {
		c.changed.Broadcast()
	}
	return n, nil
}

// Close implements io.Closer. It ends the connection, whichever side calls it.
func (c *MemoryConn) Close() error {
	c.shut() // first: a Write that waits for a reader has serving locked
	c.serving.Lock()
	defer c.serving.Unlock()
	if !c.ended {
		c.end()
		c.log.Info("closed")
	}
	return nil
}

// finish implements link. Every request that arrived is answered already.
func (c *MemoryConn) finish() error { return c.Close() }

// cut implements link.
func (c *MemoryConn) cut() error { return c.Close() }

// endWith logs err and calls end.
func (c *MemoryConn) endWith(err error) {
	c.log.Warn("connection ended", "error", err)
	c.end()
}

// end frees everything that belongs to the connection. The caller has locked serving.
func (c *MemoryConn) end() {
	c.ended, c.part = true, nil
	c.front.end()
	c.shut()
	c.srv.removeConn(c)
}

// shut marks the connection as closed and wakes waiting readers and writers.
func (c *MemoryConn) shut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.changed.Broadcast()
}

// memoryPeer returns the peer of the connection with that number.
func memoryPeer(number uint64) peer {
	return peer{Peer: endpoint.MemoryPeer("memory"), conn: fmt.Sprintf("conn %d", number), own: uint32(os.Geteuid())}
}
