package check

import (
	"fmt"
	"io"
)

// formats write results for people and for programs.
var formats = map[string]func(io.Writer, Results) error{
	"human":      human,
	"ktap":       ktap,
	"junit":      junit,
	"json":       asJSON,
	"gradescope": gradescope,
}

// Formats are the names that Print takes.
var Formats = []string{"human", "ktap", "junit", "json", "gradescope"}

// Print writes the results in a format.
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

// explanation is all there is to say about a case, in lines.
func (c Result) explanation() []string {
	var lines []string
	switch c.Status {
	case Failed:
		lines = append(lines, c.Reason, "contract: "+c.Row)
	case Skipped:
		lines = append(lines, "skipped, because "+c.Reason)
	}
	for _, note := range c.Notes {
		lines = append(lines, "note: "+note)
	}
	if c.Status == Failed {
		lines = append(lines, c.Calls...)
	}
	return lines
}

// repeat says how a run is repeated.
func (r Results) repeat() string {
	return fmt.Sprintf("--profile %s --seed %d --sessions %d", r.Profile, r.Seed, r.Sessions)
}
