package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"fullex/cmd/fullex/internal/target"
)

// Config is what to do at a target.
type Config struct {
	Conns int     // connections to a server, or as many groups of files of a path
	Depth int     // operations in hand on each
	Mix   Mix     //
	Rate  float64 // operations a second of all; 0: as many as there can be
	File  string  // the device within the target; "": each/full_ex if there is one, else the target's own
}

// MaxWorkers is the most that Conns times Depth may be: workers take memory, and
// those of a path a thread each.
const MaxWorkers = 4096

// Load is workers at one target. Not safe for concurrent use, but for Done.
type Load struct {
	config    Config
	targets   []target.Target
	workers   []*worker
	living    sync.WaitGroup // the workers
	recorders [shards]*recorder
	done      atomic.Int64  // operations
	last      time.Duration // how long the last replies may take: patience or hurry
	stuck     bool          // calls do not return, although their connections are closed
}

// How long the last replies may take.
const (
	patience = 10 * time.Second // after the end of a run
	hurry    = time.Second      // after the caller has ended it early
)

// Start connects and opens the device for each worker, until ctx ends.
func Start(ctx context.Context, name target.Name, config Config) (*Load, error) {
	l := &Load{config: config, last: patience}
	for i := range l.recorders {
		l.recorders[i] = newRecorder()
	}
	for range config.Conns {
		if err := l.connect(ctx, name); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// connect adds a connection and its workers.
func (l *Load) connect(ctx context.Context, name target.Name) error {
	t, err := target.Open(ctx, name)
	if err != nil {
		return err
	}
	l.targets = append(l.targets, t)
	file := l.config.File
	if file == "" {
		file = deviceOf(t)
	}
	if err := target.RefuseOrdinary(t, file); err != nil {
		return err
	}
	_, remote := name.Endpoint()
	for range l.config.Depth {
		n := len(l.workers)
		w := newWorker(t, file, l.config.Mix, uint64(n), l.recorders[n%shards], &l.done)
		l.workers = append(l.workers, w)
		l.living.Go(func() { w.live(!remote) })
		if err := w.call(w.ready); err != nil {
			return err
		}
	}
	return nil
}

// deviceOf is the door at which each open is a client of its own, if the target has
// one.
func deviceOf(t target.Target) string {
	const each = "each/full_ex"
	if t.Device() == "" {
		return ""
	}
	if _, err := t.Stat(each); err != nil {
		return t.Device()
	}
	return each
}

// Done returns how many operations there have been. Safe for concurrent use.
func (l *Load) Done() int64 { return l.done.Load() }

// Run loads the target for that long, or until ctx ends, and waits for what was
// begun. A Load can be run again.
func (l *Load) Run(ctx context.Context, length time.Duration) (*Result, error) {
	stopped := ctx
	ctx, cancel := context.WithTimeout(stopped, length)
	defer cancel()
	start := time.Now()
	var source chances = closedLoop{ctx}
	var schedule *schedule
	var pacing sync.WaitGroup
	if l.config.Rate > 0 {
		schedule = newSchedule(ctx, start, length, l.config.Rate)
		source = schedule
		pacing.Go(schedule.run)
	}
	errs := make([]error, len(l.workers))
	var working sync.WaitGroup
	for i, w := range l.workers {
		working.Go(func() {
			if errs[i] = w.call(func() error { return w.run(source) }); errs[i] != nil {
				cancel() // the others would go on in vain
			}
		})
	}
	overdue := l.await(stopped, &working, length)
	elapsed := time.Since(start)
	cancel()
	pacing.Wait()
	r := NewResult()
	for _, recorder := range l.recorders {
		recorder.moveTo(r)
	}
	r.Elapsed = elapsed
	if schedule != nil {
		r.Missed = schedule.missed()
	}
	if overdue != nil {
		return r, overdue
	}
	return r, firstError(errs)
}

// await waits for the workers' calls, for a time and as much longer as the last
// replies may take, or shortly after ctx has ended. It then closes the connections,
// and with them all waiting for their replies, and returns an error. A call that does
// not return even then, as one at a file system that hangs, is left behind.
func (l *Load) await(ctx context.Context, working *sync.WaitGroup, length time.Duration) error {
	done := make(chan struct{})
	go func() {
		working.Wait()
		close(done)
	}()
	timer := time.NewTimer(length + l.last)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
	case <-ctx.Done():
		if l.last = hurry; isDone(done, hurry) {
			return nil
		}
	}
	for _, t := range l.targets {
		_ = t.Close()
	}
	l.stuck = !isDone(done, hurry)
	return fmt.Errorf("no reply for %s", l.last)
}

// isDone waits for a channel that will be closed, up to a limit.
func isDone(done <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// firstError is the one to tell of many that have one cause.
func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Close closes all files and connections, unless there are no replies.
func (l *Load) Close() error {
	if l.stuck {
		return nil
	}
	errs := make([]error, len(l.workers))
	var closing sync.WaitGroup
	for i, w := range l.workers {
		closing.Go(func() {
			errs[i] = w.call(w.close)
			close(w.calls)
		})
	}
	if err := l.await(context.Background(), &closing, 0); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	l.living.Wait()
	for _, t := range l.targets {
		errs = append(errs, t.Close())
	}
	if err := firstError(errs); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
