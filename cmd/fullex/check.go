package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/check"
	"fullex/cmd/fullex/internal/target"
)

func checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "try the whole contract of the device at a target",
		ArgsUsage: "[TARGET]",
		Description: "Makes calls at the device and compares what they return with the contract, case by\n" +
			"case. TARGET may also be a device file, such as /proc/full_ex. Each client is a\n" +
			"process where TARGET is a path, and a connection where it is an endpoint.\n\n" +
			"  fullex check /mnt\n" +
			"  fullex check --only write. --only read.short.2 --seed 7 unix:/run/fullex/fullex.sock\n" +
			"  fullex check --format junit /proc/full_ex > results.xml\n" +
			"  fullex check --self-test\n\n" +
			"Exit status: 0 all that could be tried passed, 1 a case failed, 2 nothing could be\n" +
			"tried.\n\n" + targetHelp,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "only", Usage: "run just the case `ID`, or all of a group such as write. (repeatable)"},
			&cli.StringSliceFlag{Name: "skip", Usage: "leave the case `ID` or a group out (repeatable)"},
			&cli.DurationFlag{Name: "timeout", Value: check.DefaultTimeout, Usage: "`TIME` that a case may take; then it has failed"},
			&cli.Uint64Flag{Name: "seed", Usage: "`NUMBER` that the random sessions follow from", DefaultText: "another one each time"},
			&cli.IntFlag{Name: "sessions", Value: check.DefaultSessions, Usage: "`NUMBER` of random sessions"},
			&cli.StringFlag{Name: "profile", Value: string(check.Fixed), Usage: "fixed, or module: what the original module does is right, too"},
			&cli.StringFlag{Name: "door", Value: string(check.Plain), Usage: "the device below TARGET: plain (full_ex), each (each/full_ex) or pid (pid/N/full_ex)"},
			&cli.StringFlag{Name: "format", Value: "human", Usage: strings.Join(check.Formats, ", ")},
			&cli.BoolFlag{Name: "dangerous", Usage: "also what can crash a kernel with the original module, or takes the sessions of others"},
			&cli.BoolFlag{Name: "self-test", Usage: "check no target, but this command: start each fault that serve --fault knows, and print which cases notice it"},
			&cli.BoolFlag{Name: "list", Usage: "print the cases and run none"},
		},
		OnUsageError: func(c *cli.Context, err error, sub bool) error { return notRun(oneLine(c, err, sub)) },
		Action: func(c *cli.Context) error {
			o, err := checkOptions(c)
			if err != nil {
				return notRun(err)
			}
			if c.Bool("list") {
				return notRun(listCases(c.App.Writer, o))
			}
			ctx, stop := untilTold(c.Context)
			defer stop()
			if c.Bool("self-test") {
				if err := noArguments(c); err != nil {
					return notRun(err)
				}
				return selfTest(ctx, c.App.Writer, o)
			}
			return runChecks(ctx, c, o)
		},
	}
}

// notRun gives an error the exit status that says that nothing was tried.
func notRun(err error) error {
	if err == nil {
		return nil
	}
	return exitStatus{check.ExitNotRun, err}
}

// checkOptions validates the flags.
func checkOptions(c *cli.Context) (check.Options, error) {
	for _, f := range []struct {
		flag   string
		values []string
	}{{"profile", check.Profiles}, {"door", check.Doors}, {"format", check.Formats}} {
		if !slices.Contains(f.values, c.String(f.flag)) {
			return check.Options{}, fmt.Errorf("--%s %s: want %s", f.flag, c.String(f.flag), strings.Join(f.values, ", "))
		}
	}
	switch {
	case c.Duration("timeout") <= 0:
		return check.Options{}, fmt.Errorf("--timeout %s: want a time above 0", c.Duration("timeout"))
	case c.Int("sessions") <= 0:
		return check.Options{}, fmt.Errorf("--sessions %d: want a number above 0", c.Int("sessions"))
	}
	o := check.Options{
		Profile: check.Profile(c.String("profile")), Only: c.StringSlice("only"), Skip: c.StringSlice("skip"),
		Timeout: c.Duration("timeout"), Seed: c.Uint64("seed"), Sessions: c.Int("sessions"), Dangerous: c.Bool("dangerous"),
	}
	if !c.IsSet("seed") {
		o.Seed = uint64(rand.Uint32()) // short enough to be typed
	}
	_, err := o.Chosen()
	return o, err
}

// listCases prints a line for each case that is chosen.
func listCases(w io.Writer, o check.Options) error {
	cases, err := o.Chosen()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tWEIGHT\tCASE\tROW OF THE CONTRACT")
	for _, c := range cases {
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", c.ID, c.Weight, c.Title, c.Row)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// runChecks runs cases and prints what came of them.
func runChecks(ctx context.Context, c *cli.Context, o check.Options) error {
	name, err := targetOnly(c)
	if err != nil {
		return notRun(err)
	}
	results, err := checkTarget(ctx, c, name, o)
	if err != nil {
		return notRun(fmt.Errorf("check: %w", err))
	}
	if err := results.Print(c.App.Writer, c.String("format")); err != nil {
		return notRun(err)
	}
	switch failed, _ := results.Count(check.Failed); results.Exit() {
	case check.ExitFailed:
		return exitStatus{check.ExitFailed, fmt.Errorf("check: %d of %d cases failed", failed, len(results.Cases))}
	case check.ExitNotRun:
		return notRun(errors.New("check: every case was skipped"))
	}
	return nil
}

// checkTarget reaches a target and runs the cases. A target that hangs is given up.
func checkTarget(ctx context.Context, c *cli.Context, name target.Name, o check.Options) (check.Results, error) {
	command, err := checkWorker()
	if err != nil {
		return check.Results{}, err
	}
	open, err := givenUp(ctx, connectTime, func() (opening, error) {
		return check.At(ctx, name, check.Door(c.String("door")), command)
	})
	if err != nil {
		return check.Results{}, err
	}
	results, err := check.Run(ctx, open, o)
	results.Target = name.String()
	return results, err
}

// opening starts a client.
type opening = func() (check.Opener, error)

// givenUp waits for a function no longer than a limit and ctx; it is left behind then,
// as a call at a file system that hangs cannot be ended.
func givenUp(ctx context.Context, limit time.Duration, do func() (opening, error)) (opening, error) {
	type result struct {
		open opening
		err  error
	}
	done := make(chan result, 1)
	go func() {
		open, err := do()
		done <- result{open, err}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.open, r.err
	case <-timer.C:
		return nil, fmt.Errorf("the target does not answer within %s", limit)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// workerName is the subcommand that a process runs which checks a path.
const workerName = "check-worker"

// checkWorker are the words that start such a process.
func checkWorker() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return []string{self, workerName}, nil
}

func checkWorkerCommand() *cli.Command {
	return &cli.Command{
		Name:         workerName,
		Usage:        "make the calls that check asks for",
		Hidden:       true,
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			command, err := checkWorker()
			if err != nil {
				return err
			}
			return check.Work(c.App.Reader, c.App.Writer, command)
		},
	}
}
