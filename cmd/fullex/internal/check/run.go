package check

import (
	"context"
	"fmt"
	"time"
)

// endTime is how long Run waits for a late case after killing its clients, and for its tidy.
const endTime = 2 * time.Second

// Run runs the cases that the options choose, one after another. open starts a client;
// each case has clients of its own. Run returns an error if the options choose no cases,
// if no client can be started, or if ctx ends. The results contain every chosen case even
// then.
func Run(ctx context.Context, open func() (Client, error), o Options) (Results, error) {
	o = o.withDefaults()
	cases, err := o.Chosen()
	if err != nil {
		return Unrun(o, err), err
	}
	if err := tryClient(ctx, open, o.Timeout); err != nil {
		return Unrun(o, err), err
	}
	r := newResults(o)
	for i, c := range cases {
		result := runCase(ctx, c, open, o)
		if ctx.Err() != nil {
			err := fmt.Errorf("stopped in %s: %w", c.ID, context.Cause(ctx))
			r.stop(cases[i:], err)
			return r, err
		}
		r.Cases = append(r.Cases, result)
	}
	r.Time = time.Since(r.Start)
	return r, nil
}

// tryClient starts a client and closes it. It returns an error if that fails or takes
// longer than limit.
func tryClient(ctx context.Context, open func() (Client, error), limit time.Duration) error {
	var err error
	started := begun(func() {
		var client Client
		if client, err = open(); err == nil {
			err = client.Close()
		}
	})
	switch {
	case within(ctx, started, limit):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("stopped before the first case: %w", context.Cause(ctx))
	}
	return fmt.Errorf("no answer within %s", limit)
}

// runCase runs one case and returns its result. It abandons a case that does not end.
func runCase(ctx context.Context, c Case, open func() (Client, error), o Options) Result {
	t := &trial{o: o, row: c.row, dial: open}
	start := time.Now()
	done := begun(func() { t.guard(func() { c.run(t) }) })
	late := !within(ctx, done, o.Timeout)
	if late {
		t.tooLate(o.Timeout)
	}
	t.killAll()
	if late {
		within(ctx, done, endTime)
		tidy(ctx, c, open)
	}
	return t.report(c, time.Since(start))
}

// begun calls do in a goroutine and returns a channel that is closed when do returns.
func begun(do func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	return done
}

// within waits until done is closed, limit has passed or ctx ends. It reports whether done
// was closed.
func within(ctx context.Context, done <-chan struct{}, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// tooLate ends a trial that took longer than limit. It fails, unless it has a result already.
func (t *trial) tooLate(limit time.Duration) {
	name, made := t.trace.waiting(limit / 2)
	reason := fmt.Sprintf("%s did not return within %s", name, limit)
	if name == "" {
		reason = fmt.Sprintf("the case did not end within %s, in which it made %d calls (see --timeout)", limit, made)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.result.Status == "" {
		t.result.Status, t.result.Timeout = Failed, true
		t.result.Reason = reason
	}
	t.result.Calls = t.trace.lines() // now: when the clients are killed, waiting calls return
	t.cut = true
}

// tidy restores the target after a trial of c that was cut short.
func tidy(ctx context.Context, c Case, open func() (Client, error)) {
	if c.tidy == nil {
		return
	}
	within(ctx, begun(func() {
		if client, err := open(); err == nil { // if a call fails, so does the next case
			_ = c.tidy(client)
			_ = client.Close()
		}
	}), endTime)
}

// report returns the result of a trial that has ended.
func (t *trial) report(c Case, took time.Duration) Result {
	t.mu.Lock()
	r := t.result
	t.mu.Unlock()
	r.ID, r.Title, r.Row, r.Weight, r.Time = c.ID, c.Title, c.Row, c.Weight, took
	if r.Status == Failed && c.noted {
		r.Notes = append(r.Notes, "this would fail, but the contract does not require it: "+r.Reason)
		r.Status, r.Reason, r.Timeout = "", "", false
	}
	if r.Status == "" {
		r.Status = Passed
	}
	if r.Calls == nil {
		r.Calls = t.trace.lines()
	}
	if c.Hidden {
		return Result{ID: c.ID, Weight: c.Weight, Hidden: true, Status: r.Status, Calls: []string{}}
	}
	return r
}
