package check

import (
	"time"

	"fullex/device/contract"
)

// Status is what came of a case.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped" // it could not be tried
	NotRun  Status = "error"   // it was not run to its end: the run was stopped, or fullex has a defect
)

// Result is what came of a case.
type Result struct {
	ID      string        `json:"id"`
	Title   string        `json:"title"`
	Row     string        `json:"row"` // of the contract
	Weight  int           `json:"weight"`
	Status  Status        `json:"status"`
	Reason  string        `json:"reason,omitempty"` // one sentence: why it did not pass
	Notes   []string      `json:"notes,omitempty"`  // what it had to take into account
	Calls   []string      `json:"calls"`            // as strace(1) prints them; of long cases the first and the last
	Timeout bool          `json:"timeout,omitempty"`
	Hidden  bool          `json:"hidden,omitempty"` // only ID, Weight and Status are set, unless the run was stopped
	Time    time.Duration `json:"nanoseconds"`
}

// Results is what came of a run.
type Results struct {
	Target   string           `json:"target"` // as the caller calls it
	Profile  contract.Profile `json:"profile"`
	Seed     uint64           `json:"seed"`
	Sessions int              `json:"sessions"`
	Repeat   string           `json:"repeat,omitempty"` // the command that repeats the run
	Start    time.Time        `json:"start"`
	Time     time.Duration    `json:"nanoseconds"`
	Stopped  string           `json:"stopped,omitempty"` // why not all cases were run, in one sentence
	Cases    []Result         `json:"cases"`
}

// Unrun returns the results of a run that cannot begin: none of the cases is run
// that the options choose, or of all if they choose none.
func Unrun(o Options, reason error) Results {
	r := newResults(o.withDefaults())
	cases, err := o.Chosen()
	if err != nil {
		cases = o.hiding(Cases())
	}
	r.stop(cases, reason)
	return r
}

func newResults(o Options) Results {
	return Results{Profile: o.Profile, Seed: o.Seed, Sessions: o.Sessions, Repeat: o.Repeat, Start: time.Now()}
}

// stop ends a run before some cases.
func (r *Results) stop(left []Case, reason error) {
	r.Stopped = reason.Error()
	for _, c := range left {
		r.Cases = append(r.Cases, Result{
			ID: c.ID, Title: c.Title, Row: c.Row, Weight: c.Weight, Hidden: c.Hidden, Status: NotRun, Reason: r.Stopped, Calls: []string{},
		})
	}
	r.Time = time.Since(r.Start)
}

// Count returns how many cases have a status, and their weight.
func (r Results) Count(s Status) (cases, weight int) {
	for _, c := range r.Cases {
		if c.Status == s {
			cases++
			weight += c.Weight
		}
	}
	return cases, weight
}

// Exit statuses of the command.
const (
	ExitPassed = 0
	ExitFailed = 1
	ExitNotRun = 2 // nothing could be tried, or not all of it, and nothing failed
)

// Exit returns the exit status that a run has.
func (r Results) Exit() int {
	failed, _ := r.Count(Failed)
	passed, _ := r.Count(Passed)
	notRun, _ := r.Count(NotRun)
	switch {
	case failed > 0:
		return ExitFailed
	case passed == 0, notRun > 0:
		return ExitNotRun
	}
	return ExitPassed
}
