package p9srv

import (
	"runtime"
	"sync"
	"time"
)

// A connection that sends much must not delay the others. So a call of front.Process stops
// after a share of work, whatever the messages are. While several connections use up their
// shares fast, each of them also rests between its shares.
//
// The rests are so long that processors become idle. Only an idle processor looks at once
// for peers that have sent something. Otherwise Go's scheduler looks every 10 ms
// (runtime/proc.go, sysmon).
//
// The clock decides what is fast. So it does not matter whether a peer waits for replies in
// between.
//
// Work is counted in units of about 10 ns, the time for a Tread or Twrite of a value.
const (
	turnShare = 4096 // units; 64 KiB of Tread are fewer, and so are 64 Tlopen
	unitTime  = 10 * time.Nanosecond

	controlWork = 10  // units for each message except Tread and Twrite (BenchmarkOpen)
	nameWork    = 5   // for each name of a walk
	openWork    = 30  // for an open or attach, also if it is refused
	textWork    = 30  // for a read of a text, which may have to find its offset
	listWork    = 150 // for a read of a directory, which is sorted each time
	fidWork     = 20  // for each fid that Tversion closes
	entryWork   = 20  // for each directory entry
	refusalWork = 100 // for a refusal that is logged
	sizeWork    = 300 // for measuring a text; the time for kmsg when the log is full
	sessionWork = 20  // for each session whose line is measured; twice its time, as nothing interrupts it
	listingWork = 2   // for each byte of a listing that is made; twice its time, as nothing interrupts it
	textBytes   = 64  // bytes of a text that are read for one unit
)

// greedyPart defines greedy connections: those that take more than one part in greedyPart of
// a processor's time.
const greedyPart = 20

// busyShare is how much of all processors greedy connections may take together, in percent.
const busyShare = 75

// turns counts the greedy connections of a server. Time is divided into spans of greedySpan.
// The count is the greater one of this span and the span before. So a connection that rests
// still counts. A turns is safe for concurrent use.
type turns struct {
	// mu guards the fields below. It is locked for arithmetic only.
	mu          sync.Mutex
	span        int64 // number of this span since 1970
	now, before int   // greedy connections in this span, and in the span before
}

// greedySpan is longer than most rests.
const greedySpan = 100 * time.Millisecond

// enter counts a greedy connection, once in each span. seen is the span in which it was
// counted last. enter returns the number of this span and how many connections are greedy.
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

// turn is how much of its share of work one connection has done. Only the connection's
// goroutine uses it.
type turn struct {
	of     *turns
	work   int           // units of this share that are done
	since  time.Time     // when this share began; zero: long ago
	greedy bool          // the connection was greedy in the share before
	seen   int64         // turns.span when the connection was counted last
	start  time.Time     // when the present work began; only if greedy
	took   time.Duration // time for the work of this share; only if greedy
}

// begin is called when the connection begins to work.
func (t *turn) begin() {
	if t.greedy {
		t.start = time.Now()
	}
}

// add counts work that is done, in units. It returns how long to rest before the next work:
// 0 if the share is not used up, or if using it up took long.
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

// endShare returns how long to rest, and begins the next share after the rest.
func (t *turn) endShare(now time.Time) (rest time.Duration) {
	worked := max(time.Duration(t.work)*unitTime, t.took) // a slow machine takes longer than the units say
	t.greedy = worked*greedyPart > now.Sub(t.since)
	if t.greedy {
		span, greedy := t.of.enter(t.seen, now)
		t.seen = span
		rest = restAfter(worked, greedy, runtime.GOMAXPROCS(0))
	}
	t.work, t.took, t.since = 0, 0, now.Add(rest)
	return rest
}

// restAfter returns how long each of the greedy connections rests after it has worked. With
// such rests they take at most busyShare of the processors together. The only greedy
// connection need not rest if there are several processors.
func restAfter(worked time.Duration, greedy, processors int) time.Duration {
	free := worked*time.Duration(100*greedy)/time.Duration(busyShare*processors) - worked
	return max(free, 0)
}

// rest waits for d. It returns early when the server ends its connections or is frozen.
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
