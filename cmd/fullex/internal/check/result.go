package check

import (
	"time"
)

// Status is what came of a case.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped" // it could not be tried
)

// Result is what came of a case.
type Result struct {
	ID      string        `json:"id"`
	Title   string        `json:"title"`
	Row     string        `json:"row"` // of the contract
	Weight  int           `json:"weight"`
	Status  Status        `json:"status"`
	Reason  string        `json:"reason,omitempty"` // one sentence: why it failed or was skipped
	Notes   []string      `json:"notes,omitempty"`  // what it had to take into account
	Calls   []string      `json:"calls"`            // as strace(1) prints them; of long cases the first and the last
	Timeout bool          `json:"timeout,omitempty"`
	Time    time.Duration `json:"nanoseconds"`
}

// Results is what came of a run.
type Results struct {
	Target   string        `json:"target"` // as the caller calls it
	Profile  Profile       `json:"profile"`
	Seed     uint64        `json:"seed"`
	Sessions int           `json:"sessions"`
	Start    time.Time     `json:"start"`
	Time     time.Duration `json:"nanoseconds"`
	Cases    []Result      `json:"cases"`
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
	ExitNotRun = 2 // nothing could be tried
)

// Exit returns the exit status that a run has.
func (r Results) Exit() int {
	failed, _ := r.Count(Failed)
	passed, _ := r.Count(Passed)
	switch {
	case failed > 0:
		return ExitFailed
	case passed == 0:
		return ExitNotRun
	}
	return ExitPassed
}
