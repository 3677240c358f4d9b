package check

import (
	"cmp"
	"io"
	"strings"
)

// The parts of /autograder/results/results.json that Gradescope reads. It adds up the
// scores of the tests.
type (
	gradescopeResults struct {
		Output     string           `json:"output"`
		Time       float64          `json:"execution_time"` // seconds
		Visibility string           `json:"visibility"`
		Tests      []gradescopeTest `json:"tests"`
	}
	gradescopeTest struct {
		Name     string `json:"name"`
		Number   string `json:"number"` // the stable id
		Score    int    `json:"score"`
		MaxScore int    `json:"max_score"`
		Status   string `json:"status,omitempty"` // passed or failed
		Output   string `json:"output"`
	}
)

// gradescope writes a results.json. A skipped case has neither a score nor a maximum. A
// case that did not run to its end scores 0 of its maximum.
func gradescope(w io.Writer, r Results) error {
	g := gradescopeResults{
		Output: strings.Join(append(r.conclusion(), r.settings()), "\n"), Time: r.Time.Seconds(), Visibility: "visible",
	}
	if r.Stopped != "" {
		g.Output = r.Stopped + "\n" + g.Output
	}
	for _, c := range r.Cases {
		test := gradescopeTest{Name: cmp.Or(c.Title, c.ID), Number: c.ID, Output: strings.Join(c.explanation(), "\n")}
		switch c.Status {
		case Passed:
			test.Score, test.MaxScore, test.Status = c.Weight, c.Weight, "passed"
		case Failed, NotRun:
			test.MaxScore, test.Status = c.Weight, "failed"
		}
		g.Tests = append(g.Tests, test)
	}
	return encode(w, g)
}
