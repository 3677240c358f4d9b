package bench

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fullex/p9srv/client/load"
)

// Latencies are kept in nanoseconds with three digits, from 1 ns to a minute. A longer one
// counts as a minute.
const (
	longest = int64(time.Minute)
	digits  = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, digits) }

// shards is how many recorders the workers share. They are few, because a histogram takes
// 200 KiB.
const shards = 8

// kinds is how many kinds of operation there are.
const kinds = len(load.Mix{})

// recorder counts operations and their latencies. It is safe for concurrent use.
type recorder struct {
	mu       sync.Mutex // guards the fields below
	counts   [kinds]*hdrhistogram.Histogram
	refused  [kinds]int64
	overlong int64 // operations that took longer than longest
}

func newRecorder() *recorder {
	r := new(recorder)
	for k := range r.counts {
		r.counts[k] = newHistogram()
	}
	return r
}

// Record implements [load.Recorder].
func (r *recorder) Record(k load.Kind, took time.Duration, refused bool, n int64) {
	value := max(int64(took), 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if value > longest {
		value = longest
		r.overlong += n
	}
	_ = r.counts[k].RecordValues(value, n) // no error, because the value is in range
	if refused {
		r.refused[k] += n
	}
}

// moveTo adds the counts to a result and empties the recorder.
func (r *recorder) moveTo(to *Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, h := range r.counts {
		to.histograms[k].Merge(h)
		h.Reset()
		to.Refused[k] += r.refused[k]
	}
	to.Overlong += r.overlong
	r.refused, r.overlong = [kinds]int64{}, 0
}
