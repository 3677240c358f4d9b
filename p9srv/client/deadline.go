package client

import (
	"fmt"
	"time"
)

// deadline lets reads, or writes, return after a while. It is used by one goroutine at a
// time.
type deadline struct {
	set  func(time.Time) error // nil: they do by themselves
	next time.Time
}

// span is the longest that a read or write waits, and tick the shortest: a deadline for
// each would take a part of the time of a request.
const span = 3 * tick

func (s *stream) setDeadlines() error {
	switch conn := s.conn.(type) {
	case interface{ SetPatience(time.Duration) error }:
		return conn.SetPatience(tick)
	case interface {
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	}:
		s.reads.set, s.writes.set = conn.SetReadDeadline, conn.SetWriteDeadline
		return nil
	}
	return fmt.Errorf("%T has no deadlines", s.conn)
}

// renew is called before each read or write.
func (d *deadline) renew() {
	if d.set == nil {
		return
	}
	if now := time.Now(); d.next.Sub(now) < tick {
		d.next = now.Add(span)
		_ = d.set(d.next) // of a closed connection the read or write says more
	}
}
