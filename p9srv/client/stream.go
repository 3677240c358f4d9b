package client

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"fullex/p9srv/wire"
)

// Times.
const (
	// tick is how long a read or write may wait before its caller looks at its context.
	tick = 20 * time.Millisecond
	// flushTime is how long Rflush may take.
	flushTime = time.Second
)

// maxDead is how many requests a server may leave without an answer. With one more the
// connection ends: tags are 65,535, and each takes memory.
const maxDead = 4096

// stream sends the requests of all callers over one connection and hands out the replies.
// Safe for concurrent use.
//
// A caller sends and then waits in await. There it does for all what nobody else is at:
// reading, and writing what is left to write. It has mu but for reads, writes and sleep.
type stream struct {
	conn   io.ReadWriteCloser
	reads  deadline // of whoever reads
	writes deadline // of whoever writes

	// mu guards the fields below.
	mu      sync.Mutex
	err     error            // why the connection has ended; nil: it has not
	calls   map[uint16]*call // under way
	free    []uint16         // tags that were used
	next    uint16           // tag never used
	dead    int              // calls that were given up, and have no answer yet
	replies uint64           // to calls
	asleep  int              // calls whose callers are
	chosen  *call            // has been woken to read or write, and is not awake yet
	reading bool             // somebody reads, and has in
	writing bool             // somebody writes, and has leaving
	in      []byte           // a part of a reply
	out     []byte           // requests
	leaving []byte           // requests before those
	limit   uint32           // bytes that a reply may have
}

func newStream(conn io.ReadWriteCloser) (*stream, error) {
	s := &stream{conn: conn, calls: make(map[uint16]*call), next: 1, limit: askedMsize}
	return s, s.setDeadlines()
}

// setLimit bounds the size of replies, in bytes.
func (s *stream) setLimit(size uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = size
}

// do makes a request and waits for the reply, or until it is given up.
func (s *stream) do(ctx context.Context, c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(c); err != nil {
		return err
	}
	return s.await(&patience{ctx: ctx}, c)
}

// enter puts a request among those to be written.
func (s *stream) enter(c *call) error {
	if s.err != nil {
		return s.err
	}
	if err := s.tag(c); err != nil {
		return err
	}
	s.calls[c.tag] = c
	s.out = append(s.out, c.request...)
	return nil
}

// tag gives a request a tag that no other has. Tversion has its own.
func (s *stream) tag(c *call) error {
	switch n := len(s.free); {
	case c.typ() == wire.Tversion:
		c.tag = wire.NoTag
		return nil
	case n > 0:
		c.tag = s.free[n-1]
		s.free = s.free[:n-1]
	case s.next == wire.NoTag:
		return errTags
	default:
		c.tag = s.next
		s.next++
	}
	c.request[5], c.request[6] = byte(c.tag), byte(c.tag>>8)
	return nil
}

// freeTag lets a tag be used again.
func (s *stream) freeTag(tag uint16) {
	if tag != wire.NoTag {
		s.free = append(s.free, tag)
	}
}

// patience is how long callers wait: until the end of their context, and then flushTime.
type patience struct {
	ctx context.Context
	all []*call   // that are flushed together; nil: the one that is awaited
	end time.Time // of flushTime; zero: ctx has not ended
}

// await returns when a call is answered, or given up. See the package comment for what
// follows the end of the context.
func (s *stream) await(p *patience, c *call) error {
	defer s.pass()
	if !c.done && p.end.IsZero() && s.isPending() && !s.writing {
		s.write() // also what is not waited for
	}
	for !c.done {
		switch {
		case p.end.IsZero() && p.ctx.Err() != nil:
			if typ := c.typ(); typ == wire.Tclunk || typ == wire.Tversion {
				s.calls[c.tag] = c.orphaned()
				return p.ctx.Err()
			}
			s.flush(p, c)
		case !p.end.IsZero() && time.Now().After(p.end):
			s.abandon(c)
			return unanswered(p.ctx)
		case s.isPending() && !s.writing:
			s.write()
			// The server may not read before somebody does.
			for s.isPending() && !s.reading && p.ctx.Err() == nil && s.read() {
			}
		case !s.reading:
			s.read()
		default:
			s.sleep(p, c)
		}
	}
	if c.err == errFlushed {
		return p.ctx.Err()
	}
	return c.err
}

// sleep waits until the call is done or has something to do for others.
func (s *stream) sleep(p *patience, c *call) {
	ended, expired := p.ctx.Done(), (<-chan time.Time)(nil)
	if !p.end.IsZero() {
		timer := time.NewTimer(time.Until(p.end))
		defer timer.Stop()
		ended, expired = nil, timer.C
	}
	c.asleep = true
	s.asleep++
	s.mu.Unlock()
	select {
	case <-c.ready:
	case <-ended:
	case <-expired:
	}
	s.mu.Lock()
	s.wake(c)
	if s.chosen == c {
		s.chosen = nil
	}
}

// wake counts a call's caller as awake again.
func (s *stream) wake(c *call) {
	if c.asleep {
		c.asleep = false
		s.asleep--
	}
}

// pass wakes one of those who sleep if there is something to do for them that nobody is at.
// The caller is about to leave.
func (s *stream) pass() {
	if s.asleep == 0 || s.chosen != nil || s.reading && (s.writing || !s.isPending()) {
		return
	}
	for _, c := range s.calls {
		if c.asleep {
			s.chosen = c
			c.signal()
			return
		}
	}
}

// isPending reports whether there is something to be written.
func (s *stream) isPending() bool { return len(s.out)+len(s.leaving) > 0 }

// write writes all that is to be written, or until the server has not read for a tick.
func (s *stream) write() {
	s.writing = true
	for s.err == nil && s.isPending() {
		if len(s.leaving) == 0 {
			s.leaving, s.out = s.out, s.leaving[:0]
		}
		rest := s.leaving
		s.mu.Unlock()
		s.writes.renew()
		n, err := s.conn.Write(rest)
		s.mu.Lock()
		s.leaving = rest[n:]
		if n == len(rest) && cap(rest) <= askedMsize {
			s.leaving = rest[:0] // to be used again
		}
		if isTick(err) {
			break
		}
		if err != nil {
			s.fail(err)
		}
	}
	s.writing = false
}

// isTick reports whether a read or write has waited for long enough.
func isTick(err error) bool {
	return err != nil && (errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EAGAIN))
}

// fail ends the connection and all calls on it.
func (s *stream) fail(why error) {
	if s.err != nil {
		return
	}
	s.err = ended(why)
	_ = s.conn.Close() // it is of no more use either way
	for tag, c := range s.calls {
		delete(s.calls, tag)
		s.finish(c, s.err)
	}
}

// finish ends a call, which is not among those under way any more.
func (s *stream) finish(c *call, err error) {
	c.done, c.err = true, err
	if c.asleep {
		s.wake(c)
		c.signal()
	}
}

func (s *stream) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail(errClosed)
	return nil
}
