package check

import (
	"time"

	"fullex/device/contract"
)

// Status is how a case ended.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped" // the case could not be tried
	NotRun  Status = "error"   // the case did not run to its end: the run was stopped, or fullex has a defect
)

// Result is the result of a case.
type Result struct {
	ID      string        `json:"id"`
	Title   string        `json:"title"`
	Row     string        `json:"row"` // of the contract
	Weight  int           `json:"weight"`
	Status  Status        `json:"status"`
	Reason  string        `json:"reason,omitempty"` // one sentence: why the case did not pass
	Notes   []string      `json:"notes,omitempty"`  // remarks, such as differences that were accepted
	Calls   []string      `json:"calls"`            // as strace(1) prints them; of a long case the first and the last
	Timeout bool          `json:"timeout,omitempty"`
	Hidden  bool          `json:"hidden,omitempty"` // only ID, Weight and Status are set, and Reason if the run was stopped
	Time    time.Duration `json:"nanoseconds"`
}

// Results is the result of a run.
type Results struct {
	Target   string           `json:"target"` // as the user named it; Run leaves it ""
	Profile  contract.Profile `json:"profile"`
	Contract string           `json:"contract,omitempty"` // file that the contract is from
	Seed     uint64           `json:"seed"`
	Sessions int              `json:"sessions"`
	Repeat   string           `json:"repeat,omitempty"` // command that repeats the run
	Start    time.Time        `json:"start"`
	Time     time.Duration    `json:"nanoseconds"`
	Stopped  string           `json:"stopped,omitempty"` // one sentence: why not all cases were run
	Cases    []Result         `json:"cases"`
}

// Unrun returns the results of a run that cannot begin. The chosen cases, or all cases if
// the choice is an error, have the status NotRun.
func Unrun(o Options, reason error) Results {
	r := newResults(o.withDefaults())
	cases, err := o.Chosen()
	if err != nil {
		cases = o.hiding(Cases(o.contract()))
	}
	r.stop(cases, reason)
	return r
}

func newResults(o Options) Results {
	return Results{Profile: o.Contract.Profile, Contract: o.ContractFile, Seed: o.Seed, Sessions: o.Sessions, Repeat: o.Repeat, Start: time.Now()}
}

// stop ends a run. The cases that are left get the status NotRun.
func (r *Results) stop(left []Case, reason error) {
	r.Stopped = reason.Error()
	for _, c := range left {
		r.Cases = append(r.Cases, Result{
			ID: c.ID, Title: c.Title, Row: c.Row, Weight: c.Weight, Hidden: c.Hidden, Status: NotRun, Reason: r.Stopped, Calls: []string{},
		})
	}
	r.Time = time.Since(r.Start)
}

// Count returns how many cases have a status, and the sum of their weights.
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
	ExitNotRun = 2 // no case failed, but none passed, or one did not run to its end
)

// Exit returns the exit status of the command for this run.
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
