package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"fullex/tests/bench/barefuse"
	"fullex/tests/bench/echo"
)

// newApp returns the command line. It neither ends the process nor prints errors: main does
// both.
func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:            "bench",
		Usage:           parts[0].usage,
		Writer:          stdout,
		ErrWriter:       stderr,
		ExitErrHandler:  func(*cli.Context, error) {},
		OnUsageError:    oneLine,
		HideHelpCommand: true,
		Flags: append(parts[0].allFlags(), &cli.BoolFlag{
			Name: "write", Usage: "run all parts with their defaults and write " + resultsFile + " (--quick: print it)",
		}),
		Action: func(c *cli.Context) error {
			if c.Bool("write") {
				return writeResults(c)
			}
			return parts[0].run(c)
		},
	}
	for _, p := range parts[1:] {
		app.Commands = append(app.Commands, &cli.Command{Name: p.name, Usage: p.usage, Flags: p.allFlags(), OnUsageError: oneLine, Action: p.run})
	}
	app.Commands = append(app.Commands,
		&cli.Command{
			Name: "user", Hidden: true, ArgsUsage: "FILE",
			Flags: []cli.Flag{&cli.BoolFlag{Name: "bare"}},
			Action: func(c *cli.Context) error {
				return useFile(c.Context, c.Args().First(), c.Bool("bare"), os.Stdin, c.App.Writer)
			},
		},
		echoCommand("barefuse", barefuse.Serve),
		echoCommand("echo", echo.ServeGoroutines),
		echoCommand("epoll", echo.ServeEpoll),
	)
	return app
}

// oneLine keeps the library from printing the whole help after an error.
func oneLine(_ *cli.Context, err error, _ bool) error { return fmt.Errorf("%w (see --help)", err) }

// echoCommand returns the command by which this program runs itself as a server to compare
// with. SIGINT and SIGTERM end it at once.
func echoCommand(name string, serve func(socket string) error) *cli.Command {
	return &cli.Command{
		Name: name, Hidden: true, ArgsUsage: "SOCKET",
		Action: func(c *cli.Context) error {
			signal.Reset(syscall.SIGINT, syscall.SIGTERM)
			return serve(c.Args().First())
		},
	}
}
