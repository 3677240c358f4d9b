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
	done      atomic.Int64 // operations
	abandoned atomic.Bool
}

// patience is how long the last replies may take after the end of a run.
const patience = 10 * time.Second

// Start connects and opens the device for each worker, until ctx ends.
func Start(ctx context.Context, name target.Name, config Config) (*Load, error) {
	l := &Load{config: config}
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
	ctx, cancel := context.WithTimeout(ctx, length)
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
	overdue := time.AfterFunc(length+patience, l.abandon)
	working.Wait()
	overdue.Stop()
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
	if l.abandoned.Load() {
		return r, fmt.Errorf("no reply for %s", patience)
	}
	return r, firstError(errs)
}

// abandon ends the connections, and with them all waiting for their replies.
func (l *Load) abandon() {
	l.abandoned.Store(true)
	for _, t := range l.targets {
		_ = t.Close()
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

// Close closes all files and connections.
func (l *Load) Close() error {
	var errs []error
	for _, w := range l.workers {
		errs = append(errs, w.call(w.close))
		close(w.calls)
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
