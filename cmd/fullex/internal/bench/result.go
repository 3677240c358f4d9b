package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"fullex/p9srv/client/load"
)

// Result is what was measured at a target. It is not safe for concurrent use.
type Result struct {
	Elapsed  time.Duration
	Refused  [kinds]int64 // refused operations: the deque was full or empty, or was open already
	Missed   int64        // operations that were due but never began; only with a rate
	Overlong int64        // operations that took more than a minute, and count as a minute

	histograms [kinds]*hdrhistogram.Histogram
}

// NewResult returns a result without operations.
func NewResult() *Result {
	r := new(Result)
	for k := range r.histograms {
		r.histograms[k] = newHistogram()
	}
	return r
}

// Add adds the operations and the time of another result.
func (r *Result) Add(other *Result) {
	r.Elapsed += other.Elapsed
	r.Missed += other.Missed
	r.Overlong += other.Overlong
	for k := range r.histograms {
		r.histograms[k].Merge(other.histograms[k])
		r.Refused[k] += other.Refused[k]
	}
}

// Ops returns how many operations of a kind there were.
func (r *Result) Ops(k load.Kind) int64 { return r.histograms[k].TotalCount() }

// Total returns how many operations there were.
func (r *Result) Total() (n int64) {
	for _, k := range load.Kinds {
		n += r.Ops(k)
	}
	return n
}

// Rate returns operations a second.
func (r *Result) Rate() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Total()) / r.Elapsed.Seconds()
}

// Latency describes how long the operations of a kind took.
func (r *Result) Latency(k load.Kind) Latency { return latencyOf(r.histograms[k]) }

// Latencies describes how long all operations took.
func (r *Result) Latencies() Latency { return latencyOf(r.all()) }

func (r *Result) all() *hdrhistogram.Histogram {
	all := newHistogram()
	for _, h := range r.histograms {
		all.Merge(h)
	}
	return all
}

// Latency describes a distribution. A percentile is the upper end of the range of latencies
// in which it lies, with three digits.
type Latency struct {
	Min, Mean, P50, P90, P99, P999, Max time.Duration
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	if h.TotalCount() == 0 {
		return Latency{}
	}
	at := func(percent float64) time.Duration { return time.Duration(h.ValueAtQuantile(percent)) }
	return Latency{
		Min: time.Duration(h.Min()), Mean: time.Duration(h.Mean()),
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: time.Duration(h.Max()),
	}
}

// Bar is a part of a distribution: the latencies from From up to, but not including, To.
type Bar struct {
	From, To time.Duration
	Count    int64 // operations
}

// Bars returns the distribution of all operations. Each bar begins where the one before
// ends, and ends at twice that. Bars without operations between others are included.
func (r *Result) Bars() []Bar {
	var bars []Bar
	for _, b := range r.all().Distribution() {
		if b.Count == 0 {
			continue
		}
		if len(bars) == 0 {
			from := time.Duration(1)
			for int64(2*from) <= b.From {
				from *= 2
			}
			bars = []Bar{{From: from, To: 2 * from}}
		}
		for int64(bars[len(bars)-1].To) <= b.From {
			to := bars[len(bars)-1].To
			bars = append(bars, Bar{From: to, To: 2 * to})
		}
		bars[len(bars)-1].Count += b.Count
	}
	return bars
}
