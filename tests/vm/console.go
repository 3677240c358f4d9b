package vm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Result is what a scenario reported.
type Result struct {
	Scenario string
	Failures []string // none: it passed
}

// Marks of the guest's reports among whatever else is on its console.
const (
	markPass = "@@ PASS "
	markFail = "@@ FAIL "
	markEnd  = "@@ END "
)

var errNoEnd = errors.New("the guest died before its end mark")

// parseConsole collects the reports. Firmware and kernel may leave something in
// front of one. A console without end mark is of a guest that died. The mark
// has the number of scenarios that reported: a message of the kernel can break
// a line, and a broken report must not pass.
func parseConsole(console string) ([]Result, error) {
	var r reports
	for line := range strings.Lines(console) {
		start := strings.Index(line, "@@ ")
		if start < 0 {
			continue
		}
		report := strings.TrimSpace(line[start:])
		if count, ok := strings.CutPrefix(report, markEnd); ok {
			return r.complete(count)
		}
		r.add(report)
	}
	return r.results, errNoEnd
}

// reports are the results so far, in the order of their first line.
type reports struct{ results []Result }

func (r *reports) add(report string) {
	if name, ok := strings.CutPrefix(report, markPass); ok {
		r.of(name)
	}
	if rest, ok := strings.CutPrefix(report, markFail); ok {
		name, failure, _ := strings.Cut(rest, ": ")
		result := r.of(name)
		result.Failures = append(result.Failures, failure)
	}
}

func (r *reports) of(scenario string) *Result {
	for i := range r.results {
		if r.results[i].Scenario == scenario {
			return &r.results[i]
		}
	}
	r.results = append(r.results, Result{Scenario: scenario})
	return &r.results[len(r.results)-1]
}

func (r *reports) complete(count string) ([]Result, error) {
	if count != strconv.Itoa(len(r.results)) {
		return r.results, fmt.Errorf("%d scenarios on the console, the guest counted %s", len(r.results), count)
	}
	return r.results, nil
}
