package vm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Result is the outcome of a scenario.
type Result struct {
	Scenario string
	Failures []string // none: the scenario passed
}

// The guest's reports on its console are lines that begin so. Other lines are of the firmware,
// of Linux and of programs.
const (
	reportPass = "@@ PASS "
	reportFail = "@@ FAIL "
	reportEnd  = "@@ END "
)

var errNoEnd = errors.New("the guest died before it reported its end")

// parseConsole collects the reports. Other text may come before a report in its line. If the
// console has no report of the end, the guest died. That report has the number of scenarios,
// because a line of Linux's log can break a report, and the lost scenario must not go
// unnoticed.
func parseConsole(console string) ([]Result, error) {
	var r reports
	for line := range strings.Lines(console) {
		start := strings.Index(line, "@@ ")
		if start < 0 {
			continue
		}
		report := strings.TrimSpace(line[start:])
		if count, ok := strings.CutPrefix(report, reportEnd); ok {
			return r.complete(count)
		}
		r.add(report)
	}
	return r.results, errNoEnd
}

// reports collects results, in the order of their first report.
type reports struct{ results []Result }

func (r *reports) add(report string) {
	if name, ok := strings.CutPrefix(report, reportPass); ok {
		r.of(name)
	}
	if rest, ok := strings.CutPrefix(report, reportFail); ok {
		name, failure, _ := strings.Cut(rest, ": ")
		result := r.of(name)
		result.Failures = append(result.Failures, failure)
	}
}

// of returns the result of a scenario. It adds a result if there is none.
func (r *reports) of(scenario string) *Result {
	for i := range r.results {
		if r.results[i].Scenario == scenario {
			return &r.results[i]
		}
	}
	r.results = append(r.results, Result{Scenario: scenario})
	return &r.results[len(r.results)-1]
}

// complete returns the results if their number is the one that the guest counted.
func (r *reports) complete(count string) ([]Result, error) {
	if count != strconv.Itoa(len(r.results)) {
		return r.results, fmt.Errorf("the console has reports of %d scenarios, the guest counted %s", len(r.results), count)
	}
	return r.results, nil
}
