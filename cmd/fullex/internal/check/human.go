package check

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// human writes a line for each case that was begun, and its explanation below it. If no
// case was begun it writes nothing, because the error of the command says why.
func human(w io.Writer, r Results) error {
	begun := slices.DeleteFunc(slices.Clone(r.Cases), func(c Result) bool {
		return c.Status == NotRun && c.Reason == r.Stopped
	})
	if len(begun) == 0 {
		return nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s\n\n", printable(r.Target), r.settings())
	for _, c := range begun {
		status := map[Status]string{Passed: "ok", Failed: "FAILED", Skipped: "skipped", NotRun: "ERROR"}[c.Status]
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("%-8s %-22s %s", status, c.ID, c.Title), " "))
		for _, line := range printableLines(c.explanation()) {
			fmt.Fprintf(&b, "           %s\n", line)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", strings.Join(printableLines(r.conclusion()), "\n"))
	_, err := b.WriteTo(w)
	return err
}

// Summary returns one line about all cases.
func (r Results) Summary() string {
	passed, weight := r.Count(Passed)
	failed, lost := r.Count(Failed)
	skipped, _ := r.Count(Skipped)
	notRun, missed := r.Count(NotRun)
	counts := fmt.Sprintf("%d passed, %d failed, %d skipped", passed, failed, skipped)
	if notRun > 0 {
		counts += fmt.Sprintf(", %d not run", notRun)
	}
	return fmt.Sprintf("%s; %d of %d points; %s", counts, weight, weight+lost+missed, r.Time.Round(10*time.Millisecond))
}
