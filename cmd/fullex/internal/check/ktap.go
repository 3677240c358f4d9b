package check

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// ktap writes KTAP version 1 (the kernel's Documentation/dev-tools/ktap.rst).
func ktap(w io.Writer, r Results) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "KTAP version 1\n1..%d\n", len(r.Cases))
	fmt.Fprintf(&b, "# target %s %s\n", printable(r.Target), r.settings())
	for i, c := range r.Cases {
		if c.Status != Skipped { // its result line contains the reason
			for _, line := range printableLines(c.explanation()) {
				fmt.Fprintf(&b, "# %s\n", line)
			}
		}
		word, directive := "ok", ""
		switch {
		case c.Timeout:
			word, directive = "not ok", "TIMEOUT "
		case c.Status == NotRun:
			word, directive = "not ok", "ERROR "
		case c.Status == Failed:
			word = "not ok"
		case c.Status == Skipped:
			directive = "SKIP "
		}
		fmt.Fprintf(&b, "%s %d %s", word, i+1, c.ID)
		if directive = strings.TrimSpace(directive + oneDirective(c.Reason)); directive != "" {
			fmt.Fprintf(&b, " # %s", directive)
		}
		fmt.Fprintln(&b)
	}
	for _, line := range printableLines(r.conclusion()) {
		fmt.Fprintf(&b, "# %s\n", line)
	}
	_, err := b.WriteTo(w)
	return err
}

// oneDirective removes from a reason what could look like another directive.
func oneDirective(reason string) string {
	return printable(strings.Join(strings.Fields(strings.ReplaceAll(reason, "#", "")), " "))
}
