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
	// tick is how long a read or write waits before its caller checks its context.
	tick = 20 * time.Millisecond
	// flushTime is how long Rflush may take.
	flushTime = time.Second
)

// maxDead is how many requests a server may leave without an answer. With one more the
// connection ends: there are 65,535 tags, and each of these requests takes memory.
const maxDead = 4096

// stream sends the requests of all callers over one connection and hands out the replies.
// Safe for concurrent use.
//
// A caller sends a request and then waits in await. There it does work that no other caller
// is doing: it reads for all callers, and writes the requests that are left. It holds mu
// except during reads, writes and sleep.
type stream struct {
	conn   io.ReadWriteCloser
	reads  deadline // for the caller that reads
	writes deadline // for the caller that writes

	// mu guards the fields below.
	mu      sync.Mutex
	err     error            // why the connection has ended; nil: it has not
	calls   map[uint16]*call // under way
	free    []uint16         // tags that were used and are free again
	next    uint16           // the first tag that was never used
	dead    int              // calls that were given up and have no answer yet
	replies uint64           // to calls, so far
	asleep  int              // callers that sleep
	chosen  *call            // its caller must read or write, and is not awake yet
	reading bool             // a caller reads, and owns in
	writing bool             // a caller writes, and owns leaving
	in      []byte           // a part of a reply
	out     []byte           // requests to send after leaving
	leaving []byte           // requests that are sent first
	limit   uint32           // the largest size of a reply, in bytes
}

func newStream(conn io.ReadWriteCloser) (*stream, error) {
	s := &stream{conn: conn, calls: make(map[uint16]*call), next: 1, limit: askedMsize}
	return s, s.setDeadlines()
}

// setLimit sets the largest size of a reply, in bytes.
func (s *stream) setLimit(size uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = size
}

// do makes a request and waits until it is answered or given up.
func (s *stream) do(ctx context.Context, c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(c); err != nil {
		return err
	}
	return s.await(&patience{ctx: ctx}, c)
}

// enter gives a request a tag and appends it to the requests to send.
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

// tag gives a request a tag that no other request has. Tversion has the tag NoTag.
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

// patience says how long a caller waits: until its context ends, and then for flushTime.
type patience struct {
	ctx context.Context
	all []*call   // calls that are flushed together; nil: only the awaited one
	end time.Time // end of flushTime; zero: ctx has not ended
}

// await returns when a call is answered or given up. The package comment says what happens
// after the end of the context.
func (s *stream) await(p *patience, c *call) error {
	defer s.pass()
	if !c.done && p.end.IsZero() && s.isPending() && !s.writing {
		s.write() // also requests that no caller waits for
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
			// The server may stop reading until its replies are read.
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

// sleep waits until the call is done, or until its caller must read or write for others.
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

// pass wakes one sleeping caller if no caller is doing the reading, or the writing that is
// left. The caller of pass is about to leave.
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

// isPending reports whether there are requests to send.
func (s *stream) isPending() bool { return len(s.out)+len(s.leaving) > 0 }

// write sends the requests. It stops when all are sent, or when the server has not read for
// a tick.
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
			s.leaving = rest[:0] // keep the buffer
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

// isTick reports whether a read or write has ended because of its deadline.
func isTick(err error) bool {
	return err != nil && (errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EAGAIN))
}

// fail ends the connection and all calls on it.
func (s *stream) fail(why error) {
	if s.err != nil {
		return
	}
	s.err = ended(why)
	_ = s.conn.Close() // an error changes nothing: the connection has ended
	for tag, c := range s.calls {
		delete(s.calls, tag)
		s.finish(c, s.err)
	}
}

// finish ends a call that was removed from calls.
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
