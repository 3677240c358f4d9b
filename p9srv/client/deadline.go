package client

import (
	"fmt"
	"time"
)

// deadline makes reads, or writes, return after a time without data. Not safe for concurrent
// use.
type deadline struct {
	set  func(time.Time) error // nil: the connection has its own time-out
	next time.Time
}

// span is the longest that a read or write waits; tick is the shortest. A new deadline for
// each read would take a part of a request's time.
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
		_ = d.set(d.next) // fails on a closed connection, and so does the read or write
	}
}
