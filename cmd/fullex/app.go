package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"
)

// newApp returns the command line. It neither ends the process nor prints
// errors: main does both.
func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name:    "fullex",
		Usage:   "the deque device full_ex, served over 9P2000.L",
		Version: version(),
		Description: "    fullex demo              # see the device at work\n" +
			"    fullex mount /tmp/dev    # mount it, with a deque for each process\n" +
			"    fullex serve             # serve it; prints how to mount it\n" +
			"    fullex shell             # open, push and pop at that server\n\n" +
			"\"fullex help COMMAND\" describes a command and its flags.",
		Reader:                    stdin,
		Writer:                    stdout,
		ErrWriter:                 stderr,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              oneLine,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		Action:                    noCommand,
		Flags:                     []cli.Flag{cli.HelpFlag}, // the library leaves it out beside a command help
		Commands: slices.Concat(
			grouped(toServe, serveCommand(), upgradeCommand(), vhostCommand(), demoCommand()),
			grouped(toMount, mountCommand(), umountCommand()),
			grouped(toUse, shellCommand(), lsCommand(), catCommand(), writeCommand(), insmodCommand(), rmmodCommand()),
			grouped(toTest, checkCommand(), checkWorkerCommand(), runCommand(), watcherCommand(), replayCommand()),
			grouped(toLook, sessionsCommand(), dmesgCommand(), lsmodCommand(), traceCommand(), benchCommand()),
			grouped(toSetUp, helpCommand(), completionCommand(), completeCommand(), manCommand()),
		),
	}
}

// noCommand is what fullex does without a subcommand. It prints the help. It returns an
// error if the first argument is not a subcommand.
func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return noSuchCommand(c.App, c.Args().First())
	}
	return cli.ShowAppHelp(c)
}

// noArguments returns an error if a command that takes only flags has arguments.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("%s: unexpected argument %q (see fullex %s --help)", c.Command.Name, c.Args().First(), c.Command.Name)
	}
	return nil
}
