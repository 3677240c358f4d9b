package client

import (
	"errors"
	"time"

	"fullex/p9srv/wire"
)

// errFlushed ends a call whose Tflush was answered before the call itself.
var errFlushed = errors.New("flushed")

// flush sends a Tflush for a call, or for all calls of a batch.
func (s *stream) flush(p *patience, c *call) {
	p.end = time.Now().Add(flushTime)
	if p.all == nil {
		s.flushOne(c)
	}
	for _, c := range p.all {
		s.flushOne(c)
	}
}

func (s *stream) flushOne(c *call) {
	if c.done {
		return
	}
	flush := newCall()
	flush.request = wire.AppendFlush(flush.request, 0, c.tag)
	flush.flushes = c.tag
	if s.enter(flush) == nil { // after an error the call is given up later
		c.flush = flush
	}
}

// endFlush handles the answer to a Tflush. isFlushed is false if the server refused it: then
// the server goes on with the request.
func (s *stream) endFlush(flush *call, isFlushed bool) {
	defer flush.free()
	c := s.calls[flush.flushes] // until now no other request can have the tag
	switch {
	case flush.dead && isFlushed:
		s.endDead(c, flush.flushes)
	case flush.dead:
		return // the server may still answer the request
	case c == nil:
		s.freeTag(flush.flushes)
	case !isFlushed:
		c.flush = nil
	default:
		delete(s.calls, c.tag)
		s.freeTag(c.tag)
		s.finish(c, errFlushed)
	}
	s.freeTag(flush.tag)
}

// abandon gives up a request when its flush has no answer. The stream keeps both, as answers
// may still come. After an answer to the flush, their tags can be used again.
func (s *stream) abandon(c *call) {
	o := c.orphaned()
	o.dead = true
	if o.flush != nil {
		o.flush.dead = true
	}
	s.calls[c.tag] = o
	if s.dead++; s.dead > maxDead {
		s.fail(errSilent)
	}
}

// endDead handles a late Rflush. From then on the server does nothing more for the tag
// (flush(5)). c is the request, or nil if that was answered before.
func (s *stream) endDead(c *call, tag uint16) {
	if c != nil {
		delete(s.calls, tag)
		c.free()
	}
	s.dead--
	s.freeTag(tag)
}

// sendOrphan sends a request. No caller waits for its answer.
func (s *stream) sendOrphan(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.pass()
	c.orphan = true
	if s.enter(c) == nil && !s.writing {
		s.write()
	}
}
