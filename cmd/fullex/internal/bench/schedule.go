package bench

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// chances says when operations are to begin. Safe for concurrent use.
type chances interface {
	// next waits until an operation is due and returns since when, or false if
	// none will be.
	next() (due time.Time, ok bool)
}

// closedLoop has one be due at once, until ctx ends.
type closedLoop struct{ ctx context.Context }

func (l closedLoop) next() (time.Time, bool) {
	if l.ctx.Err() != nil {
		return time.Time{}, false
	}
	return time.Now(), true
}

// schedule has operations be due at fixed times. run says so to whoever waits.
type schedule struct {
	ctx   context.Context
	start time.Time
	rate  float64
	total int64         // all that are due
	ready chan struct{} // has one for each that is due, up to a limit
	begun atomic.Int64
}

// maxReady is the most that wait in the channel; others wait behind it.
const maxReady = 1 << 16

func newSchedule(ctx context.Context, start time.Time, length time.Duration, rate float64) *schedule {
	return &schedule{ctx: ctx, start: start, rate: rate,
		total: int64(length.Seconds() * rate), ready: make(chan struct{}, maxReady)}
}

// dueAt returns when the n'th is due.
func (s *schedule) dueAt(n int64) time.Time {
	return s.start.Add(time.Duration(float64(n) / s.rate * float64(time.Second)))
}

// run lets operations begin when they are due. Its thread sleeps in the kernel: the
// runtime's timers are late by up to a millisecond in a process with nothing to do.
func (s *schedule) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.ready)
	for n := range s.total {
		if !s.sleepUntil(s.dueAt(n)) {
			return
		}
		select {
		case s.ready <- struct{}{}:
		case <-s.ctx.Done():
			return
		}
	}
}

// longestSleep is how long the end of ctx may go unseen.
const longestSleep = 20 * time.Millisecond

// sleepUntil returns false if ctx ends before.
func (s *schedule) sleepUntil(t time.Time) bool {
	for {
		if s.ctx.Err() != nil {
			return false
		}
		left := time.Until(t)
		if left <= 0 {
			return true
		}
		sleep(min(left, longestSleep))
	}
}

// next implements chances. Whoever begins an operation takes the earliest one.
func (s *schedule) next() (time.Time, bool) {
	if s.ctx.Err() != nil {
		return time.Time{}, false
	}
	select {
	case _, ok := <-s.ready:
		if !ok {
			return time.Time{}, false
		}
		return s.dueAt(s.begun.Add(1) - 1), true
	case <-s.ctx.Done():
		return time.Time{}, false
	}
}

// missed returns how many were due and not begun, when all has ended.
func (s *schedule) missed() int64 {
	due := min(int64(time.Since(s.start).Seconds()*s.rate), s.total)
	return max(due-s.begun.Load(), 0)
}
