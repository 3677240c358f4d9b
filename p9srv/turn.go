package p9srv

import (
	"runtime"
	"sync"
	"time"
)

// A connection that sends much must not take the turns of the others. So a call of
// front.Process stops when it has done a share of work, whatever the messages are; and
// while several connections use up their shares fast, each rests between its own, long
// enough that processors become free: only then does Go's scheduler look at once for
// peers that have sent something, and otherwise every 10 ms (runtime/proc.go, sysmon).
//
// Fast is measured by the clock, so that it makes no difference whether a peer waits for
// replies in between.
//
// Work is counted in units of about 10 ns, the time for a Tread or Twrite of a value.
const (
	turnShare = 4096 // units: more than 64 KiB of Tread have, or 64 opens in flight
	unitTime  = 10 * time.Nanosecond

	controlWork = 10  // units of a message that is not data (BenchmarkOpen)
	nameWork    = 5   // of a name that is walked, or may be
	openWork    = 30  // of an open or attach, granted or refused
	textWork    = 30  // of a read of a text, which may have to look for its offset
	listWork    = 150 // of reading a directory, which is sorted each time
	fidWork     = 20  // of a fid that Tversion closes
	entryWork   = 20  // of a directory entry
	refusalWork = 100 // of a refusal that is logged
	sizeWork    = 300 // of finding out how long a text is: of kmsg, when the log is full
	sessionWork = 20  // of a session whose line is measured for that: twice its time, as nothing interrupts it
	listingWork = 2   // of a byte of a listing that is made: twice its time, as nothing interrupts it
	textBytes   = 64  // bytes of a text that are made or read with one unit
)

// A connection is greedy that takes more than one part in greedyPart of a processor's
// time.
const greedyPart = 20

// busyShare is how much of the processors greedy connections may take together, in
// percent.
const busyShare = 75

// turns counts the greedy connections of a server. A connection counts for one or two
// spans of greedySpan, also if it waits in between, and with those of the span before.
// Safe for concurrent use.
type turns struct {
	// mu guards the fields below. It is held for arithmetic only.
	mu          sync.Mutex
	span        int64 // which it is, since 1970
	now, before int   // connections in this span, and in the one before
}

// greedySpan is longer than most rests.
const greedySpan = 100 * time.Millisecond

// enter counts a connection that was counted last in the span seen, and returns which
// span it is and how many are greedy.
func (t *turns) enter(seen int64, at time.Time) (span int64, greedy int) {
	span = at.UnixNano() / int64(greedySpan)
	t.mu.Lock()
	defer t.mu.Unlock()
	if span > t.span {
		before := t.now
		if span > t.span+1 {
			before = 0
		}
		t.span, t.now, t.before = span, 0, before
	}
	if seen < t.span {
		t.now++
	}
	return t.span, max(t.now, t.before)
}

// turn is what one connection has done of a share. It is used by its goroutine only.
type turn struct {
	of     *turns
	work   int           // units of the share in hand
	since  time.Time     // when that began; the zero time: long ago
	greedy bool          // so was the share before
	seen   int64         // turns.span when it was counted last
	start  time.Time     // of the work in hand, of a greedy one
	took   time.Duration // by the clock, for the share in hand of a greedy one
}

// begin is for a connection that begins to work.
func (t *turn) begin() {
	if t.greedy {
		t.start = time.Now()
	}
}

// add counts work that has ended and returns how long to rest before the next: 0 until a
// share is used up, and if that took long.
func (t *turn) add(work int) (rest time.Duration) {
	t.work += work
	if t.greedy {
		t.took += time.Since(t.start)
	}
	if t.work < turnShare {
		return 0
	}
	return t.endShare(time.Now())
}

// endShare begins the next share and returns how long to rest before.
func (t *turn) endShare(now time.Time) (rest time.Duration) {
	worked := max(time.Duration(t.work)*unitTime, t.took) // the clock is right on slow machines, too
	t.greedy = worked*greedyPart > now.Sub(t.since)
	if t.greedy {
		span, greedy := t.of.enter(t.seen, now)
		t.seen = span
		rest = restAfter(worked, greedy, runtime.GOMAXPROCS(0))
	}
	t.work, t.took, t.since = 0, 0, now.Add(rest)
	return rest
}

// restAfter returns how long one of several greedy connections rests after it has worked,
// so that all of them leave a part of the processors free. Where there are several of
// these, one alone need not rest.
func restAfter(worked time.Duration, greedy, processors int) time.Duration {
	free := worked*time.Duration(100*greedy)/time.Duration(busyShare*processors) - worked
	return max(free, 0)
}

// rest waits, but ends early when connections are made to end or to stand still.
func (s *Server) rest(d time.Duration) {
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.freezer.epoch().Done():
	}
}
