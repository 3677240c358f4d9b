package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
)

// newApp returns the command line. It never ends the process and prints no
// error: main does both.
func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name:    "fullex",
		Usage:   "the deque device full_ex, served over 9P2000.L",
		Version: version(),
		Description: "fullex serve   serves the device; mount it, or talk to it with a 9P library\n" +
			"fullex demo    shows the device at work, without a mount\n" +
			"fullex shell   opens, pushes and pops by hand\n" +
			"fullex check   tries whether a device does what it must; the others look after a server",
		Reader:                    stdin,
		Writer:                    stdout,
		ErrWriter:                 stderr,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              oneLine,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		Action:                    noCommand,
		Commands: []*cli.Command{
			serveCommand(), demoCommand(), mountCommand(), umountCommand(), shellCommand(),
			lsCommand(), catCommand(), writeCommand(),
			checkCommand(), checkWorkerCommand(), runCommand(), watcherCommand(), traceCommand(), replayCommand(), benchCommand(), vhostCommand(),
			insmodCommand(), rmmodCommand(), lsmodCommand(), dmesgCommand(), sessionsCommand(),
		},
	}
}

// oneLine keeps the library from printing the whole help behind an error.
func oneLine(_ *cli.Context, err error, _ bool) error {
	return fmt.Errorf("%w (see fullex --help)", err)
}

// noCommand runs without a subcommand: it shows the help, and refuses a word
// that is no subcommand.
func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("no command %q (see fullex --help)", c.Args().First())
	}
	return cli.ShowAppHelp(c)
}

// noArguments is for commands that take flags only.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("%s: unexpected argument %q (see fullex %s --help)", c.Command.Name, c.Args().First(), c.Command.Name)
	}
	return nil
}

// version is what the build was made from: a release's tag or a commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := strings.Trim(info.Main.Version, "()")
	return v + " " + info.GoVersion
}
