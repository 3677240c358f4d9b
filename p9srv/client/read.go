package client

import (
	"fmt"
	"io"
	"slices"

	"fullex/p9srv/wire"
)

// firstBuffer is how many bytes are read at once, unless a reply is larger.
const firstBuffer = 8 << 10

// read makes one read for all callers, and hands out the whole replies. It reports whether
// any bytes came.
func (s *stream) read() bool {
	s.reading = true
	in := slices.Grow(s.in, s.wanted())
	s.mu.Unlock()
	s.reads.renew()
	n, err := s.conn.Read(in[len(in):cap(in)])
	s.mu.Lock()
	s.reading = false
	if s.err != nil {
		return false // the connection has ended meanwhile
	}
	s.in = in[:len(in)+n]
	switch wrong := s.deliverAll(); {
	case wrong != nil:
		s.fail(wrong)
	case err != nil && !isTick(err):
		s.fail(err)
	case err == nil && n == 0:
		s.fail(io.ErrNoProgress)
	}
	return n > 0
}

// wanted returns how many more bytes the buffer needs room for: the rest of a reply that has
// come in part.
func (s *stream) wanted() int {
	if len(s.in) < wire.HeadSize {
		return firstBuffer
	}
	return int(wire.Size(s.in)) - len(s.in) // deliverAll has checked the size
}

// deliverAll hands out the whole replies at the start of in, and keeps the rest. An error
// means that the server broke the protocol.
func (s *stream) deliverAll() error {
	rest := s.in
	for len(rest) >= 4 {
		size := wire.Size(rest)
		if size < wire.HeadSize || size > s.limit {
			return fmt.Errorf("%w: %d", errSize, size)
		}
		if uint32(len(rest)) < size {
			break
		}
		if err := s.deliver(wire.Frame(rest[:size:size])); err != nil {
			return err
		}
		rest = rest[size:]
	}
	s.in = s.in[:copy(s.in, rest)]
	return nil
}

// deliver hands out one reply.
func (s *stream) deliver(m wire.Frame) error {
	c := s.calls[m.Tag()]
	if c == nil {
		return fmt.Errorf("%w: %d", errTag, m.Tag())
	}
	if err := check(m, c.typ()); err != nil {
		return err
	}
	delete(s.calls, c.tag)
	if c.typ() == wire.Tflush {
		s.endFlush(c, m.Type() == wire.Rflush)
		return nil
	}
	if c.flush == nil { // otherwise the tag is free only after Rflush
		s.freeTag(c.tag)
		if c.dead {
			s.dead--
		}
	}
	if c.orphan {
		if c.late != nil {
			c.late()
		}
		c.free()
		return nil
	}
	s.replies++
	c.reply, c.flushed, c.turn = append(c.reply[:0], m...), c.flush != nil, s.replies
	s.finish(c, nil)
	return nil
}
