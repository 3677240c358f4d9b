package check

import (
	"cmp"
	"io"
	"strings"
)

// What Gradescope reads from /autograder/results/results.json. The score of the
// whole is the sum of the tests'.
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

// gradescope writes a results.json. A case that was skipped counts for nothing,
// neither as reached nor as missed. One that was not run is missed.
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
