package client

import (
	"fmt"
	"io"
	"slices"

	"fullex/p9srv/wire"
)

// firstBuffer is how many bytes of replies are read at once, unless one is larger.
const firstBuffer = 8 << 10

// read reads for all once and hands out the replies that are whole. It reports whether
// something came.
func (s *stream) read() bool {
	s.reading = true
	in := slices.Grow(s.in, s.wanted())
	s.mu.Unlock()
	s.reads.renew()
	n, err := s.conn.Read(in[len(in):cap(in)])
	s.mu.Lock()
	s.reading = false
	if s.err != nil {
		return false // it has ended meanwhile
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

// wanted returns for how many bytes more there must be room: for all of a reply of which
// a part is there.
func (s *stream) wanted() int {
	if len(s.in) < wire.HeadSize {
		return firstBuffer
	}
	return int(wire.Size(s.in)) - len(s.in) // deliverAll has checked it
}

// deliverAll hands out the whole replies at the start of in, and keeps the rest. An error
// is of the server.
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
	if c.flush == nil { // else the tag is used again after Rflush
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
