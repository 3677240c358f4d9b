package check

import (
	"encoding/json"
	"io"
)

// asJSON writes the results as one object. Durations are in nanoseconds.
func asJSON(w io.Writer, r Results) error {
	passed, points := r.Count(Passed)
	failed, lost := r.Count(Failed)
	skipped, _ := r.Count(Skipped)
	notRun, missed := r.Count(NotRun)
	return encode(w, struct {
		Results
		Passed  int `json:"passed"`
		Failed  int `json:"failed"`
		Skipped int `json:"skipped"`
		NotRun  int `json:"errors"`
		Points  int `json:"points"`
		Of      int `json:"of"` // the points of all cases that were not skipped
	}{r, passed, failed, skipped, notRun, points, points + lost + missed})
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
