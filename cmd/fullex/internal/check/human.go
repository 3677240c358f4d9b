package check

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// human writes a line for each case, and below it what there is to say.
func human(w io.Writer, r Results) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s\n\n", r.Target, r.repeat())
	for _, c := range r.Cases {
		status := map[Status]string{Passed: "ok", Failed: "FAILED", Skipped: "skipped"}[c.Status]
		fmt.Fprintf(&b, "%-8s %-22s %s\n", status, c.ID, c.Title)
		for _, line := range c.explanation() {
			fmt.Fprintf(&b, "           %s\n", line)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", r.Summary())
	_, err := b.WriteTo(w)
	return err
}

// Summary is one line about all cases.
func (r Results) Summary() string {
	passed, weight := r.Count(Passed)
	failed, lost := r.Count(Failed)
	skipped, _ := r.Count(Skipped)
	return fmt.Sprintf("%d passed, %d failed, %d skipped; %d of %d points; %s", passed, failed, skipped,
		weight, weight+lost, r.Time.Round(10*time.Millisecond))
}
