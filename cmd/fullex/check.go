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

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/caller"
	"fullex/cmd/fullex/internal/check"
	"fullex/cmd/fullex/internal/check/contractfile"
	"fullex/cmd/fullex/internal/quote"
	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

func checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "test a device against its whole contract",
		ArgsUsage: "[TARGET]",
		Description: "Makes calls at the device, case by case, and compares their results with the\n" +
			"contract. TARGET may also be a device file. Each client is a process if TARGET\n" +
			"is a path, and a connection if it is an endpoint.\n\n" +
			"    fullex check /mnt\n" +
			"    fullex check --only write. --only read.short.2 --seed 7 tcp:127.0.0.1:5640\n" +
			"    fullex check --format junit /proc/full_ex > results.xml\n" +
			"    fullex check --self-test\n\n" +
			"Exit status: 0 if every case passed or was skipped, 1 if one failed, 2 if no\n" +
			"case ran, or if none failed but SIGINT or SIGTERM ended the run early. In the\n" +
			"formats for programs the output is a whole document even then.\n\n" + targetHelp,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "only", Usage: "run only `ID`: a case, or a group with its dot such as \"write.\" (repeatable)"},
			&cli.StringSliceFlag{Name: "skip", Usage: "leave out the case or group `ID` (repeatable)"},
			&cli.StringSliceFlag{Name: "hide", Usage: "print the case or group `ID` only as \"hidden case 1\" and so on, without its calls and reasons (repeatable)"},
			&cli.DurationFlag{Name: "timeout", Value: check.DefaultTimeout, Usage: "fail a case that takes longer than `TIME`"},
			&cli.Uint64Flag{Name: "seed", Usage: "generate the random sessions from seed `N`", DefaultText: "a new one each run"},
			&cli.IntFlag{Name: "sessions", Value: check.DefaultSessions, Usage: "run `N` random sessions"},
		}, contractFlags(), []cli.Flag{
			&cli.StringFlag{Name: "door", Value: string(check.Plain), Usage: "open the device below TARGET by `DOOR`: plain (full_ex), each (each/full_ex) or pid (pid/N/full_ex)"},
			&cli.StringFlag{Name: "format", Value: "human", Usage: "print the results as `FORMAT`: " + strings.Join(check.Formats, ", ")},
			&cli.BoolFlag{Name: "dangerous", Usage: "also run cases that can crash a kernel with the original module, or end the sessions of others"},
			&cli.BoolFlag{Name: "self-test", Usage: "check this command, not a target: start each fault of \"serve --fault\" and print which cases catch it"},
			&cli.BoolFlag{Name: "list", Usage: "list the cases and run none"},
		}),
		OnUsageError: func(c *cli.Context, err error, sub bool) error {
			words := c.Lineage()[1].Args().Tail() // the flags are not parsed
			formats := append(valuesIn(words, "format"), "")
			return notChecked(c.App.Writer, formats[0], unrun(valuesIn(words, "hide"), valuesIn(words, "contract")), oneLine(c, err, sub))
		},
		Action: checkAction,
	}
}

func checkAction(c *cli.Context) error {
	surviveClosedOutput()
	ctx, stop := untilTold(c.Context)
	defer stop()
	format := c.String("format")
	o, file, err := checkOptions(c)
	switch {
	case err != nil:
	case (c.Bool("list") || c.Bool("print-contract")) && format != "human":
		err = errors.New("--list and --print-contract print text: leave out --format")
	case c.Bool("list"):
		return notRun(listCases(c.App.Writer, o))
	case c.Bool("print-contract"):
		if err = noArguments(c); err == nil {
			return notRun(file.Print(c.App.Writer))
		}
	case c.Bool("self-test"):
		if err = noArguments(c); err == nil {
			o.Repeat = repeating(c, o, "--self-test")
			return selfTest(ctx, c.App.Writer, o, format)
		}
	default:
		var name target.Name
		if name, err = contractTarget(c, file); err == nil {
			o.Repeat = repeating(c, o, quote.Shell(name.String()))
			return runChecks(ctx, c, name, o)
		}
	}
	return notChecked(c.App.Writer, format, unrun(c.StringSlice("hide"), []string{c.String("contract")}), err)
}

// valuesIn returns the values of a flag in words that the library could not parse.
func valuesIn(words []string, name string) (values []string) {
	for i, word := range words {
		flag, value, has := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case word == flag || flag != name:
		case has:
			values = append(values, value)
		case i+1 < len(words):
			values = append(values, words[i+1])
		}
	}
	return values
}

// repeating returns the command that repeats a run. If some cases are hidden, it leaves out
// --only and --skip, which could name them.
func repeating(c *cli.Context, o check.Options, target string) string {
	words := []string{"fullex check", "--profile", string(o.Contract.Profile), "--seed", fmt.Sprint(o.Seed), "--sessions", fmt.Sprint(o.Sessions)}
	if o.ContractFile != "" {
		words = append(words, "--contract", quote.Shell(o.ContractFile))
	}
	for _, flag := range []string{"door", "timeout", "dangerous"} {
		if c.IsSet(flag) {
			words = append(words, fmt.Sprintf("--%s=%v", flag, c.Value(flag)))
		}
	}
	for _, flag := range []string{"only", "skip"} {
		for _, id := range c.StringSlice(flag) {
			if len(o.Hide) == 0 {
				words = append(words, "--"+flag, id)
			}
		}
	}
	return strings.Join(append(words, target), " ")
}

// notChecked returns err, which says why no case ran, with its exit status. If format is a
// known one, it also prints a document in which no case was run.
func notChecked(w io.Writer, format string, o check.Options, err error) error {
	if slices.Contains(check.Formats, format) {
		if err := check.Unrun(o, err).Print(w, format); err != nil {
			return notRun(err)
		}
	}
	return notRun(err)
}

// notRun returns err with the exit status of a command that tried nothing.
func notRun(err error) error {
	if err == nil {
		return nil
	}
	return exitStatus{check.ExitNotRun, err}
}

// checkOptions validates the flags. It also returns the contract among them.
func checkOptions(c *cli.Context) (o check.Options, file contractfile.File, err error) {
	for _, f := range []struct {
		flag   string
		values []string
	}{{"profile", contract.Profiles}, {"door", check.Doors}, {"format", check.Formats}} {
		if !slices.Contains(f.values, c.String(f.flag)) {
			return o, file, fmt.Errorf("--%s %s: want %s", f.flag, c.String(f.flag), strings.Join(f.values, ", "))
		}
	}
	switch {
	case c.Duration("timeout") <= 0:
		return o, file, fmt.Errorf("--timeout %s: want a time above 0", c.Duration("timeout"))
	case c.Int("sessions") <= 0:
		return o, file, fmt.Errorf("--sessions %d: want a number above 0", c.Int("sessions"))
	}
	if file, err = contractOf(c); err != nil {
		return o, file, err
	}
	o = check.Options{
		Contract: file.Contract, ContractFile: c.String("contract"),
		Only: c.StringSlice("only"), Skip: c.StringSlice("skip"), Hide: append(c.StringSlice("hide"), file.Hidden...),
		Timeout: c.Duration("timeout"), Seed: c.Uint64("seed"), Sessions: c.Int("sessions"), Dangerous: c.Bool("dangerous"),
	}
	if !c.IsSet("seed") {
		o.Seed = uint64(rand.Uint32()) // short enough to type
	}
	_, err = o.Chosen()
	return o, file, err
}

// listCases prints a line for each chosen case.
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

// runChecks runs the cases and prints their results, even if it cannot reach the target.
func runChecks(ctx context.Context, c *cli.Context, name target.Name, o check.Options) error {
	results, err := checkTarget(ctx, name, check.Door(c.String("door")), o)
	results.Target = name.String()
	if err := results.Print(c.App.Writer, c.String("format")); err != nil {
		return notRun(err)
	}
	return verdict(results, err)
}

// verdict returns the command's error, with its exit status. stopped says why the run ended
// early; nil: it did not.
func verdict(results check.Results, stopped error) error {
	failed, _ := results.Count(check.Failed)
	broken, _ := results.Count(check.NotRun)
	var err error
	switch {
	case failed > 0:
		err = fmt.Errorf("check: %d of %d cases failed", failed, len(results.Cases))
	case stopped == nil && broken > 0:
		err = fmt.Errorf("check: %d of %d cases were not run to their end", broken, len(results.Cases))
	case stopped == nil && results.Exit() == check.ExitNotRun:
		err = errors.New("check: every case was skipped")
	}
	switch {
	case stopped != nil && err != nil:
		err = fmt.Errorf("%w; %w", err, stopped)
	case stopped != nil:
		err = fmt.Errorf("check: %w", stopped)
	case err == nil:
		return nil
	}
	return exitStatus{results.Exit(), err}
}

// checkTarget finds the device at a target and runs the cases. It gives up a target that
// does not answer within connectTime.
func checkTarget(ctx context.Context, name target.Name, door check.Door, o check.Options) (check.Results, error) {
	open, err := givenUp(ctx, connectTime, func() (opening, error) { return check.At(name, caller.Starter(name, startCaller), door) })
	if err != nil {
		return check.Unrun(o, err), err
	}
	return check.Run(ctx, open, o)
}

// opening starts a client.
type opening = func() (check.Client, error)

// workerName is the subcommand of the processes that make calls at a path.
const workerName = "check-worker"

// startCaller starts a process that makes calls at a path.
func startCaller() (*caller.Process, error) {
	command, err := workerCommand()
	if err != nil {
		return nil, err
	}
	return caller.Start(command)
}

func workerCommand() ([]string, error) {
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
			command, err := workerCommand()
			if err != nil {
				return err
			}
			return caller.Work(c.App.Reader, c.App.Writer, command)
		},
	}
}
