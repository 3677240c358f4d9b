package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/logs"
	"fullex/cmd/fullex/internal/target"
)

func sessionsCommand() *cli.Command {
	return &cli.Command{
		Name:      "sessions",
		Usage:     "list the open sessions",
		ArgsUsage: "[TARGET]",
		Description: "The administrator sees all sessions, everybody else their own.\n\n" +
			"    fullex sessions --watch\n\n" + targetHelp,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "watch", Aliases: []string{"w"}, Usage: "print the list repeatedly, until SIGINT"},
			&cli.DurationFlag{Name: "interval", Value: time.Second, Usage: "with --watch: print every `TIME`"},
		},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			name, err := targetOnly(c)
			if err != nil {
				return err
			}
			if !c.Bool("watch") {
				return onTarget(c.Context, name, func(t target.Target) error {
					return printSessions(t, c.App.Writer)
				})
			}
			between := separator(c.App.Writer)
			return repeat(c, name, func(t target.Target) error {
				if _, err := io.WriteString(c.App.Writer, between()); err != nil {
					return fmt.Errorf("print: %w", err)
				}
				return printSessions(t, c.App.Writer)
			})
		},
	}
}

// printSessions prints the listing in aligned columns, with one write.
func printSessions(t target.Target, w io.Writer) error {
	var text, aligned bytes.Buffer
	if err := readFile(t, "sessions", &text); err != nil {
		return err
	}
	table := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(table, strings.Join(strings.Fields(line), "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("align: %w", err)
	}
	if _, err := w.Write(aligned.Bytes()); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// separator returns a function that returns the text before each listing. On a terminal the
// text clears the screen (ECMA-48: cursor home, erase all). Elsewhere it is an empty line
// between two listings.
func separator(w io.Writer) func() string {
	if logs.IsTerminal(w) {
		return func() string { return "\x1b[H\x1b[2J" }
	}
	first := true
	return func() string {
		if first {
			first = false
			return ""
		}
		return "\n"
	}
}
