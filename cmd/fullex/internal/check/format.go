package check

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"fullex/cmd/fullex/internal/quote"
)

// formats are the functions that print results, by the names of their formats.
var formats = map[string]func(io.Writer, Results) error{
	"human":      human,
	"ktap":       ktap,
	"junit":      junit,
	"json":       asJSON,
	"gradescope": gradescope,
}

// Formats are the names that Print accepts.
var Formats = []string{"human", "ktap", "junit", "json", "gradescope"}

// Print writes the results in the format of that name.
func (r Results) Print(w io.Writer, format string) error {
	print, ok := formats[format]
	if !ok {
		return fmt.Errorf("no format %q", format)
	}
	if err := print(w, r); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	return nil
}

// explanation returns lines that explain the result: the reason, the notes and, unless the
// case passed or was skipped, the calls.
func (c Result) explanation() []string {
	if c.Hidden {
		return nil
	}
	var lines []string
	switch c.Status {
	case Failed:
		lines = append(lines, c.Reason, "contract: "+c.Row)
	case Skipped:
		lines = append(lines, "skipped, because "+c.Reason)
	case NotRun:
		lines = append(lines, "not run to its end: "+c.Reason)
	}
	for _, note := range c.Notes {
		lines = append(lines, "note: "+note)
	}
	if c.Status == Failed || c.Status == NotRun {
		lines = append(lines, c.Calls...)
	}
	return lines
}

// printableLines splits texts into lines and makes each line printable.
func printableLines(texts []string) (printed []string) {
	for _, text := range texts {
		for line := range strings.SplitSeq(text, "\n") {
			printed = append(printed, printable(strings.ReplaceAll(line, "\t", "    ")))
		}
	}
	return printed
}

// printable makes a text safe as a part of a line. It replaces each byte of a character
// that is not printable, and each byte that is not UTF-8, by \xNN.
func printable(s string) string {
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) {
			for i := range size {
				out = fmt.Appendf(out, `\x%02x`, s[i])
			}
		} else {
			out = append(out, s[:size]...)
		}
		s = s[size:]
	}
	return string(out)
}

// settings returns the flags that decide, besides the device, which calls a run makes.
func (r Results) settings() string {
	file := ""
	if r.Contract != "" {
		file = " --contract " + printable(quote.Shell(r.Contract))
	}
	return fmt.Sprintf("--profile %s%s --seed %d --sessions %d", r.Profile, file, r.Seed, r.Sessions)
}

// conclusion returns the lines after the cases: the summary and, if a case failed, the
// command that repeats the run.
func (r Results) conclusion() []string {
	lines := []string{r.Summary()}
	if failed, _ := r.Count(Failed); failed > 0 && r.Repeat != "" {
		lines = append(lines, "repeat it with: "+r.Repeat)
	}
	return lines
}
