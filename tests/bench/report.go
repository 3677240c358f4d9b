package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"
)

// report is the outcome of a measurement.
type report struct {
	Results any      `json:"results"`
	Notes   []string `json:"notes,omitempty"`
	Missed  []string `json:"missed"`
}

// finish prints the report as the flags say. With --check it returns an error if a target is
// missed.
func (r report) finish(c *cli.Context) error {
	if c.Bool("json") {
		encoder := json.NewEncoder(c.App.Writer)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(r); err != nil {
			return fmt.Errorf("print the results: %w", err)
		}
	} else {
		r.print(c)
	}
	return r.check(c)
}

// check returns an error if --check is set and a target is missed.
func (r report) check(c *cli.Context) error {
	if c.Bool("check") && len(r.Missed) > 0 {
		return fmt.Errorf("%d targets missed", len(r.Missed))
	}
	return nil
}

func (r report) print(c *cli.Context) {
	fmt.Fprintln(c.App.Writer)
	for _, line := range r.remarks() {
		fmt.Fprintln(c.App.Writer, line)
	}
}

// remarks returns the lines after the tables.
func (r report) remarks() (lines []string) {
	for _, note := range r.Notes {
		lines = append(lines, "note: "+note)
	}
	for _, miss := range r.Missed {
		lines = append(lines, "missed: "+miss)
	}
	if len(r.Missed) == 0 {
		lines = append(lines, "every target that was measured is met")
	}
	return lines
}
