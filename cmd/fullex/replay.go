package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/target"
	"fullex/device"
	"fullex/device/contract"
)

// statusDifferent is the exit status of replay for a result that differs. It is 0 for a session
// without a difference, and that of notRun for a session that cannot be repeated.
const statusDifferent = 1

func replayCommand() *cli.Command {
	return &cli.Command{
		Name:      "replay",
		Usage:     "repeat a recorded session and find the first difference",
		ArgsUsage: "FILE TARGET",
		Description: "Makes the calls that FILE lists and compares their results. FILE is what \"fullex\n" +
			"trace --oracle\" writes, or - for the standard input. A line is a call and its\n" +
			"result, such as \"write 02000000 -> 4\" or \"open again -> EACCES\".\n\n" +
			"    fullex replay session.trace tcp:127.0.0.1:5640\n\n" +
			endpointHelp + " It may also be a device file.\n\n" +
			"Exit status: 0 if all results are equal, 1 if one differs, 2 if the session\n" +
			"cannot be repeated.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "file", DefaultText: "full_ex", Usage: "use the device at `PATH` within TARGET, such as each/full_ex"},
		},
		OnUsageError: func(c *cli.Context, err error, sub bool) error { return notRun(oneLine(c, err, sub)) },
		Action:       replayAction,
	}
}

func replayAction(c *cli.Context) error {
	args, err := arguments(c, 2, 2)
	if err != nil {
		return notRun(err)
	}
	calls, err := readCalls(args[0], c.App.Reader)
	if err != nil {
		return notRun(fmt.Errorf("replay: %w", err))
	}
	surviveClosedOutput()
	ctx, stop := untilTold(c.Context)
	defer stop()
	// A call may never return. A signal abandons it.
	different, err := givenUp(ctx, 0, func() (found *contract.Difference, err error) {
		err = onTargetNamed(ctx, args[1], func(t target.Target) error {
			found, err = replayed(c, calls, t)
			return err
		})
		return found, err
	})
	name := device.Printable([]byte(args[0]))
	switch {
	case ctx.Err() != nil:
		return notRun(fmt.Errorf("replay: stopped: %w", context.Cause(ctx)))
	case err != nil:
		return notRun(err)
	case different != nil:
		return exitStatus{statusDifferent, fmt.Errorf("%s: line %d: %s: expected %s, got %s",
			name, different.Call.Line, shortCall(different.Call), different.Call.Want, different.Got)}
	}
	if _, err = fmt.Fprintf(c.App.Writer, "%s: %d calls, all results are equal\n", name, len(calls)); err != nil {
		return notRun(fmt.Errorf("print: %w", err))
	}
	return nil
}

// replayed makes the calls at the file that the flags name, up to the first whose result
// differs. found is that difference, or nil. A call without a result is an error.
func replayed(c *cli.Context, calls contract.Trace, t target.Target) (found *contract.Difference, err error) {
	file := t.Device()
	if c.IsSet("file") {
		file = c.String("file")
	}
	if _, err := t.Stat(file); err != nil { // without the file every call would differ
		return nil, err
	}
	if err := target.RefuseOrdinary(t, file); err != nil {
		return nil, err
	}
	player := contract.Player{Open: func() (io.ReadWriteCloser, error) { return t.Open(file, os.O_RDWR) }}
	defer func() { err = errors.Join(err, player.Close()) }()
	for _, call := range calls {
		got := player.Do(call)
		if err := player.Err(); err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", call.Line, shortCall(call), err)
		}
		if got != call.Want {
			return &contract.Difference{Call: call, Got: got}, nil
		}
	}
	return nil, nil
}

// readCalls returns the calls in a file, or in the standard input for "-". A trace without
// calls is an error.
func readCalls(path string, stdin io.Reader) (contract.Trace, error) {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // it is only read
		in = f
	}
	calls, err := contract.ReadTrace(in)
	if err == nil && len(calls) == 0 {
		err = errors.New("there are no calls")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return calls, nil
}

// shortCall returns the text of a call, shortened to fit on a line.
func shortCall(c contract.Call) string {
	const longest = 72
	text := c.String()
	if len(text) <= longest {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:longest], len(c.Data))
}
