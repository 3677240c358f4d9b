package load

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// How long the last replies of a run may take.
const (
	patience = 10 * time.Second // after its length is over
	hurry    = time.Second      // after it has ended early
)

func noReply(limit time.Duration) error { return fmt.Errorf("no reply for %s", limit) }

// Worker is a [Conn] or a [Caller]. Only Done is safe for concurrent use.
type Worker interface {
	// Done returns how many operations there have been. Safe for concurrent use.
	Done() int64
	// Close closes the devices, and the connection if there is one. It waits as long as the
	// last run waited for its last replies.
	Close() error

	// prepare is called before each run.
	prepare(*round) error
	// work makes operations until the run is over and all operations have ended.
	work(*round) error
	// stop is called when the run is over. The last operations may take up to limit.
	stop(limit time.Duration)
}

// Options say how long and how fast a run is.
type Options struct {
	Length time.Duration // no operation begins after it
	Rate   float64       // operations a second that are due, for all workers together; 0: a closed loop
	Each   int64         // most operations of each worker; 0: no limit
}

// Result is what a run did.
type Result struct {
	Ops     int64         // operations that have ended
	Missed  int64         // operations that were due and never began; with a rate only
	Elapsed time.Duration // until the last operation had ended
}

// Rate returns how many operations ended in a second.
func (r Result) Rate() float64 { return float64(r.Ops) / r.Elapsed.Seconds() }

// Run runs all workers at the same time. It stops them when the length is over, when ctx
// ends, or when a worker fails. Then it waits for the operations that have begun. After an
// error the workers can only be closed.
func Run(ctx context.Context, workers []Worker, o Options) (Result, error) {
	r := newRound(workers, o)
	for _, w := range workers {
		if err := w.prepare(r); err != nil {
			return Result{}, err
		}
	}
	before := done(workers)
	failed := r.begin()
	limit, err := r.wait(ctx, failed)
	r.stop(limit)
	if !isClosed(r.ended, limit+hurry) {
		err = cmp.Or(err, noReply(limit))
	}
	select {
	case first := <-failed:
		err = cmp.Or(err, first)
	default:
	}
	return Result{Ops: done(workers) - before, Missed: r.missed(), Elapsed: r.now()}, err
}

// isClosed waits until a channel is closed, at most limit, and reports whether it is.
func isClosed(c <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}

func done(workers []Worker) (n int64) {
	for _, w := range workers {
		n += w.Done()
	}
	return n
}

// round is one run. Safe for concurrent use.
type round struct {
	workers []Worker
	start   time.Time
	length  time.Duration
	each    int64 // operations of a worker; negative: no limit
	pace    *pace // nil: a closed loop
	over    atomic.Bool
	ended   chan struct{} // closed when the last worker has ended
}

func newRound(workers []Worker, o Options) *round {
	r := &round{workers: workers, length: o.Length, each: o.Each, ended: make(chan struct{})}
	if r.each == 0 {
		r.each = -1
	}
	if o.Rate > 0 {
		r.pace = newPace(o.Length, o.Rate)
	}
	return r
}

// begin starts the workers. It returns a channel that receives the first error.
func (r *round) begin() (failed <-chan error) {
	first := make(chan error, 1)
	r.start = time.Now()
	var working sync.WaitGroup
	for _, w := range r.workers {
		working.Go(func() {
			if err := w.work(r); err != nil {
				select {
				case first <- err:
				default: // only the first error counts
				}
			}
		})
	}
	if waiting := waitingOf(r.workers); r.pace != nil && len(waiting) > 0 {
		working.Go(func() { r.offer(waiting) })
	}
	go func() { // Run waits for this, unless a worker hangs
		working.Wait()
		close(r.ended)
	}()
	return first
}

// wait waits for the end of the run. It returns how long the last operations may take, and
// the error that ended the run, if any.
func (r *round) wait(ctx context.Context, failed <-chan error) (limit time.Duration, err error) {
	timer := time.NewTimer(r.length)
	defer timer.Stop()
	select {
	case <-r.ended:
		return patience, nil
	case <-timer.C:
		return patience, nil
	case <-ctx.Done():
		return hurry, nil
	case err := <-failed:
		return hurry, err
	}
}

// stop ends the run: no more operations begin.
func (r *round) stop(limit time.Duration) {
	r.over.Store(true)
	for _, w := range r.workers {
		w.stop(limit)
	}
}

// now returns the time since the start.
func (r *round) now() time.Duration { return time.Since(r.start) }

// goesOn reports whether operations may still begin.
func (r *round) goesOn() bool { return !r.over.Load() }

// next reports whether an operation must begin now, and since when it is due.
func (r *round) next(now time.Duration) (due time.Duration, ok bool) {
	switch {
	case r.over.Load():
		return 0, false
	case r.pace != nil:
		return r.pace.take(now)
	}
	return now, true
}

// await waits until an operation is due and returns since when. It returns false if the run
// has no more operations.
func (r *round) await(now time.Duration) (due time.Duration, ok bool) {
	if r.pace == nil {
		return r.next(now)
	}
	due, ok = r.pace.claim()
	if !ok || !r.sleepUntil(due) {
		return 0, false
	}
	r.pace.begun.Add(1)
	return due, true
}

// missed returns how many operations were due and never began.
func (r *round) missed() int64 {
	if r.pace == nil {
		return 0
	}
	return r.pace.missed(r.now())
}

// Close closes all workers at the same time and returns the first error.
func Close(workers []Worker) error {
	errs := make([]error, len(workers))
	var closing sync.WaitGroup
	for i, w := range workers {
		closing.Go(func() { errs[i] = w.Close() })
	}
	closing.Wait()
	return cmp.Or(errs...)
}
