package load

import "time"

// Recorder receives the operations that have ended. A Recorder that several workers share
// must be safe for concurrent use.
type Recorder interface {
	// Record counts n operations of one kind. took is the time of each, since it was due.
	// refused means that the device rightly refused them: the deque was full or empty, or it
	// was a second open.
	Record(k Kind, took time.Duration, refused bool, n int64)
}

// tally counts operations with the same due time and the same end. Those that are sent
// together and answered together have both.
type tally struct {
	to     Recorder // nil: none
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

// tell passes the counts to the Recorder and sets them to 0.
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
