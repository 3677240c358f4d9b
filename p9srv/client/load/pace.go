package load

import (
	"runtime"
	"sync/atomic"
	"time"
)

// pace says when operations are due, at fixed times, and counts those that have begun. Safe
// for concurrent use.
type pace struct {
	rate  float64      // operations a second
	total int64        // operations of the run
	taken atomic.Int64 // operations that a worker has taken, the earliest first
	begun atomic.Int64
}

func newPace(length time.Duration, rate float64) *pace {
	return &pace{rate: rate, total: int64(length.Seconds() * rate)}
}

// dueAt returns when operation n is due, since the start. The first is 0.
func (p *pace) dueAt(n int64) time.Duration {
	return time.Duration(float64(n) / p.rate * float64(time.Second))
}

// dueBy returns how many operations are due by now.
func (p *pace) dueBy(now time.Duration) int64 {
	return min(int64(now.Seconds()*p.rate)+1, p.total)
}

// take takes the earliest operation that is left and begins it, if it is due.
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

// claim takes the earliest operation that is left, due or not. The caller waits until it is
// due and then counts it as begun.
func (p *pace) claim() (due time.Duration, ok bool) {
	n := p.taken.Add(1) - 1
	return p.dueAt(n), n < p.total
}

// missed returns how many operations were due by now and never began.
func (p *pace) missed(now time.Duration) int64 { return max(p.dueBy(now)-p.begun.Load(), 0) }

// waiter is a worker that waits for replies, and so does not notice that an operation
// becomes due.
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

// offer begins operations on waiting workers when they are due. Its thread sleeps in the
// kernel: the runtime's timers are late by up to a millisecond in an idle process. An
// operation that finds no free slot begins when another one ends.
func (r *round) offer(waiting []waiter) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for n := int64(0); n < r.pace.total && r.sleepUntil(r.pace.dueAt(n)); n = r.pace.dueBy(r.now()) {
		for _, w := range waiting {
			w.offer(r)
		}
	}
}

// longestSleep is how late a sleeping worker may notice the end of a run.
const longestSleep = 20 * time.Millisecond

// sleepUntil sleeps until a time since the start. It returns false if the run ends first.
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
