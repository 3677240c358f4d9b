package p9srv

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A connection that sends without end must not take the turns of the others. So a call
// of front.process stops when it has done a share of work, whatever the messages are;
// and while several connections use up their shares, each rests between its own, long
// enough that processors become free: only then does Go's scheduler look at once for
// peers that have sent something, and otherwise every 10 ms (runtime/proc.go, sysmon).
//
// Work is counted in units of about 10 ns, the time for a Tread or Twrite of a value.
const (
	turnShare = 4096 // units: more than 64 KiB of Tread have, or 64 opens in flight
	unitTime  = 10 * time.Nanosecond

	controlWork = 10  // units of a message that is not data (BenchmarkOpen)
	fidWork     = 20  // of a fid that Tversion closes
	entryWork   = 20  // of a directory entry
	refusalWork = 100 // of a refusal that is logged
	listingWork = 2   // of a byte of a listing that is made: twice its time, as nothing interrupts it
	textBytes   = 64  // bytes of a text that are made or read with one unit
)

// turns are the connections of a server that use up their shares.
type turns struct{ greedy atomic.Int32 }

// turn is what one connection has done since it last waited for its peer. It is used by
// its goroutine only.
type turn struct {
	of     *turns
	work   int       // units since it waited or rested
	greedy bool      // it has used up a share since it waited
	start  time.Time // of the work in hand, of a greedy one
}

// begin is for a connection that begins to work.
func (t *turn) begin() {
	if t.greedy && t.work == 0 {
		t.start = time.Now()
	}
}

// busyShare is how much of the processors greedy connections may take together, in
// percent.
const busyShare = 75

// add counts work and returns how long to rest before the next: 0 until a share is used
// up, and while nobody else has.
func (t *turn) add(work int) (rest time.Duration) {
	t.work += work
	if t.work < turnShare {
		return 0
	}
	worked := time.Duration(t.work) * unitTime
	if t.greedy { // the time that it took is right on slow machines, too
		worked = max(worked, time.Since(t.start))
	} else {
		t.setGreedy(true)
	}
	t.work = 0
	return restAfter(worked, int(t.of.greedy.Load()), runtime.GOMAXPROCS(0))
}

// end is for a connection that waits for its peer, or ends.
func (t *turn) end() {
	t.work = 0
	if t.greedy {
		t.setGreedy(false)
	}
}

func (t *turn) setGreedy(greedy bool) {
	t.greedy = greedy
	if greedy {
		t.of.greedy.Add(1)
	} else {
		t.of.greedy.Add(-1)
	}
}

// restAfter returns how long one of several greedy connections rests after it has worked,
// so that all of them leave a part of the processors free. One alone need not.
func restAfter(worked time.Duration, greedy, processors int) time.Duration {
	free := worked*time.Duration(100*greedy)/time.Duration(busyShare*processors) - worked
	return max(free, 0)
}
