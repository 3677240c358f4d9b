package load

import (
	"runtime"
	"sync/atomic"
	"time"
)

// pace says when operations are due: at fixed times. Safe for concurrent use.
type pace struct {
	rate  float64      // operations a second
	total int64        // all of them
	taken atomic.Int64 // the earliest ones, by those who begin them
	begun atomic.Int64
}

func newPace(length time.Duration, rate float64) *pace {
	return &pace{rate: rate, total: int64(length.Seconds() * rate)}
}

// dueAt returns when the n'th is due, from 0, since the start.
func (p *pace) dueAt(n int64) time.Duration {
	return time.Duration(float64(n) / p.rate * float64(time.Second))
}

// dueBy returns how many are due by then.
func (p *pace) dueBy(now time.Duration) int64 {
	return min(int64(now.Seconds()*p.rate)+1, p.total)
}

// take returns the earliest one that nobody has begun, if it is due.
func (p *pace) take(now time.Duration) (due time.Duration, ok bool) {
	for {
		n := p.taken.Load()
		if n >= p.total || p.dueAt(n) > now {
			return 0, false
		}
		if p.taken.CompareAndSwap(n, n+1) {
			p.begun.Add(1)
			return p.dueAt(n), true
		}
	}
}

// claim takes the earliest one for a caller who waits until it is due, and then counts it
// as begun.
func (p *pace) claim() (due time.Duration, ok bool) {
	n := p.taken.Add(1) - 1
	return p.dueAt(n), n < p.total
}

// missed returns how many were due by then and never began.
func (p *pace) missed(now time.Duration) int64 { return max(p.dueBy(now)-p.begun.Load(), 0) }

// waiter is a worker that waits for what is under way, and so sees nothing become due.
type waiter interface {
	// offer begins operations that are due.
	offer(*round)
}

func waitingOf(workers []Worker) (waiting []waiter) {
	for _, w := range workers {
		if w, ok := w.(waiter); ok {
			waiting = append(waiting, w)
		}
	}
	return waiting
}

// offer lets operations begin when they are due. Its thread sleeps in the kernel: the
// runtime's timers are late by up to a millisecond in a process with nothing to do.
// Operations for which there is no room then begin when others end.
func (r *round) offer(waiting []waiter) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for n := int64(0); n < r.pace.total && r.sleepUntil(r.pace.dueAt(n)); n = r.pace.dueBy(r.now()) {
		for _, w := range waiting {
			w.offer(r)
		}
	}
}

// longestSleep is how long the end of a run may go unseen.
const longestSleep = 20 * time.Millisecond

// sleepUntil returns false if the run is over before.
func (r *round) sleepUntil(t time.Duration) bool {
	for r.goesOn() {
		left := t - r.now()
		if left <= 0 {
			return true
		}
		sleep(min(left, longestSleep))
	}
	return false
}
