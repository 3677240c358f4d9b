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
	fmt.Fprintf(&b, "# target %s %s\n", printable(r.Target), r.repeat())
	for i, c := range r.Cases {
		if c.Status != Skipped { // the result line says it
			for _, line := range printableLines(c.explanation()) {
				fmt.Fprintf(&b, "# %s\n", line)
			}
		}
		word, directive := "ok", ""
		switch {
		case c.Timeout:
			word, directive = "not ok", " # TIMEOUT "+oneDirective(c.Reason)
		case c.Status == NotRun:
			word, directive = "not ok", " # ERROR "+oneDirective(c.Reason)
		case c.Status == Failed:
			word, directive = "not ok", " # "+oneDirective(c.Reason)
		case c.Status == Skipped:
			directive = " # SKIP " + oneDirective(c.Reason)
		}
		fmt.Fprintf(&b, "%s %d %s%s\n", word, i+1, c.ID, directive)
	}
	fmt.Fprintf(&b, "# %s\n", r.Summary())
	_, err := b.WriteTo(w)
	return err
}

// oneDirective keeps a reason from looking like another directive.
func oneDirective(reason string) string {
	return printable(strings.Join(strings.Fields(strings.ReplaceAll(reason, "#", "")), " "))
}
