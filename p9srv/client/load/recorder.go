package load

import "time"

// Recorder is told of operations that have ended. A Recorder that several workers share
// must be safe for concurrent use.
type Recorder interface {
	// Record counts n operations of a kind that took the same time from when they were due.
	// They were refused as they had to be: the deque was full or empty, or a second open is
	// not allowed.
	Record(k Kind, took time.Duration, refused bool, n int64)
}

// tally gathers operations that were due and ended at the same time, as those do whose
// requests leave together and whose replies come together.
type tally struct {
	to     Recorder // nil: nobody is told
	due    time.Duration
	ended  time.Duration
	counts [kinds][2]int64 // done, refused
	some   bool
}

// add counts an operation.
func (t *tally) add(k Kind, due, ended time.Duration, refused bool) {
	if t.to == nil {
		return
	}
	if due != t.due || ended != t.ended {
		t.tell()
		t.due, t.ended = due, ended
	}
	which := 0
	if refused {
		which = 1
	}
	t.counts[k][which]++
	t.some = true
}

// tell hands on what was gathered.
func (t *tally) tell() {
	if !t.some {
		return
	}
	for k := range t.counts {
		for which, n := range t.counts[k] {
			if n > 0 {
				t.to.Record(Kind(k), t.ended-t.due, which == 1, n)
			}
		}
	}
	t.counts, t.some = [kinds][2]int64{}, false
}
