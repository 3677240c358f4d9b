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

// MemoryConn is a connection within this process, as its client has it; see
// [Server.Connect]. It has no goroutine: a Write answers, on the caller's, what it
// completes, and a Read takes what was answered. So a request costs no switch to
// another thread, which is most of what one costs over a socket.
//
// Safe for concurrent use, as a socket is: whole messages must be written by one
// Write, or by one goroutine at a time. Its lock order is serving, mu.
type MemoryConn struct {
	srv *Server
	log *slog.Logger

	// serving guards the fields below, and is held while messages are answered.
	// It is taken before mu.
	serving   sync.Mutex
	processor Processor // the front, or layers around it; immutable
	front     front
	part      []byte // of a message, until its rest is written
	ended     bool

	// mu guards the fields below.
	mu      sync.Mutex
	changed sync.Cond // replies or closed did
	replies []byte    // not yet read
	closed  bool
}

// maxUnread is how many bytes of replies wait for a reader before writers do.
const maxUnread = 2 * flushSize

// Connect returns the client's end of a new connection within this process. The
// client may attach as any user, and is an administrator as root and as the
// user who runs this process. It returns ErrServerClosed if the server is closed,
// and ENFILE if there are as many connections as may be.
//
// A Write returns when its messages are answered, and waits while more than 64
// KiB of replies are unread. Close frees all sessions of the connection before it
// returns. The limits in time do not apply: nobody waits for this client.
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

// Write implements io.Writer. After an error the connection is of no use.
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

// Exchange has one whole message answered and appends the reply to reply. Its tag
// may be that of any other message, as nobody else sees the reply; fids are those
// of the connection. io.ErrClosedPipe after the end, and after an error the
// connection is of no use.
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

// errNotOne ends a connection whose client does not keep to Exchange's rule.
var errNotOne = errors.New("less or more than one message")

// process is the processor's, with a backstop for defects.
func (c *MemoryConn) process(in, out []byte) (used int, _ []byte, err error) {
	defer recoverDefect(c.log, &err)
	return c.processor.Process(in, out)
}

// answer answers the whole messages of in and returns what follows them.
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

// deliver hands replies to readers.
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

// Read implements io.Reader. It returns io.EOF when the connection is closed and
// all replies are read.
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

// Close implements io.Closer. It ends the connection from either side, once.
func (c *MemoryConn) Close() error {
	c.shut() // first: a Write may wait for a reader
	c.serving.Lock()
	defer c.serving.Unlock()
	if !c.ended {
		c.end()
		c.log.Info("closed")
	}
	return nil
}

// finish implements link: nothing that has arrived is ever left unanswered.
func (c *MemoryConn) finish() error { return c.Close() }

// cut implements link.
func (c *MemoryConn) cut() error { return c.Close() }

// endWith is end, and says why.
func (c *MemoryConn) endWith(err error) {
	c.log.Warn("connection ended", "error", err)
	c.end()
}

// end frees what the connection has. The caller holds serving.
func (c *MemoryConn) end() {
	c.ended, c.part = true, nil
	c.front.endSession()
	c.shut()
	c.srv.removeConn(c)
}

// shut wakes who waits.
func (c *MemoryConn) shut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.changed.Broadcast()
}

// memoryPeer is the peer of a connection within this process.
func memoryPeer(number uint64) peer {
	return peer{Peer: endpoint.MemoryPeer("memory"), conn: fmt.Sprintf("conn %d", number), own: uint32(os.Geteuid())}
}
