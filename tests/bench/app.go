package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/tests/bench/barefuse"
	"fullex/tests/bench/echo"
)

// newApp returns the command line. It prints no error and does not exit: main
// does both.
func newApp(stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name:            "bench",
		Usage:           "measure the server against servers that do nothing",
		Writer:          stdout,
		ErrWriter:       stderr,
		ExitErrHandler:  func(*cli.Context, error) {},
		HideHelpCommand: true,
		Flags: append(commonFlags(),
			&cli.IntFlag{Name: "runs", Value: 61, Usage: "`N` rounds a cell"},
			&cli.DurationFlag{Name: "time", Value: 60 * time.Millisecond, Usage: "`TIME` of a run"},
			&cli.StringFlag{Name: "cells", Value: "1x1,1x16,1x64,1x256,64x1,64x16,1000x1,1x1:open,1x64:open", Usage: "`LIST` of connections x operations in flight on each; with :open, cycles of walk, open and clunk"},
			&cli.StringFlag{Name: "servers", Value: "echo,twin,epoll,fullex,command,old,diod", Usage: "`LIST` of servers; echo, which ratios are to, always runs"},
			&cli.StringFlag{Name: "old", Usage: "`PROGRAM` of another fullex to measure as the server old"},
		),
		Action: action(speedConfigFrom),
		Commands: []*cli.Command{
			{
				Name: "memory", Usage: "measure what an idle connection costs",
				Flags: append(commonFlags(),
					&cli.IntFlag{Name: "conns", Value: 9000, Usage: "`N` connections"},
					&cli.StringFlag{Name: "msizes", Value: "8192,65536,524288", Usage: "`LIST` of msizes to ask for, in bytes"},
				),
				Action: action(memoryConfigFrom),
			},
			{
				Name: "scale", Usage: "measure with many sessions, and after many opens and closes",
				Flags: append(commonFlags(),
					&cli.IntFlag{Name: "sessions", Value: 100_000, Usage: "`N` live sessions"},
					&cli.IntFlag{Name: "cycles", Value: 1_000_000, Usage: "`N` opens and closes of each kind"},
					&cli.IntFlag{Name: "runs", Value: 31, Usage: "`N` rounds with many sessions and few"},
					&cli.DurationFlag{Name: "time", Value: 100 * time.Millisecond, Usage: "`TIME` of a run"},
				),
				Action: action(scaleConfigFrom),
			},
			{
				Name: "fuse", Usage: "measure FUSE mounts beside a file that does nothing",
				Flags: append(commonFlags(),
					&cli.IntFlag{Name: "runs", Value: 31, Usage: "`N` rounds"},
					&cli.DurationFlag{Name: "time", Value: 100 * time.Millisecond, Usage: "`TIME` of a run"},
				),
				Action: action(fuseConfigFrom),
			},
			{
				Name: "trace", Usage: "measure connections through fullex trace beside direct ones",
				Flags: append(commonFlags(),
					&cli.IntFlag{Name: "runs", Value: 21, Usage: "`N` rounds"},
					&cli.DurationFlag{Name: "time", Value: 100 * time.Millisecond, Usage: "`TIME` of a run"},
				),
				Action: action(traceConfigFrom),
			},
			{
				Name: "user", Hidden: true, ArgsUsage: "FILE",
				Flags: []cli.Flag{&cli.BoolFlag{Name: "bare"}},
				Action: func(c *cli.Context) error {
					return useFile(c.Context, c.Args().First(), c.Bool("bare"), os.Stdin, c.App.Writer)
				},
			},
			echoCommand("barefuse", barefuse.Serve),
			echoCommand("echo", echo.ServeGoroutines),
			echoCommand("epoll", echo.ServeEpoll),
		},
	}
}

func commonFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quick", Usage: "run small, whatever the other flags say: shows that all works, its numbers mean nothing"},
		&cli.BoolFlag{Name: "json", Usage: "print the results as JSON, at the end"},
		&cli.BoolFlag{Name: "check", Usage: "fail if a target is missed"},
	}
}

// measurement is a subcommand whose flags have been checked. It prints to text
// as it goes.
type measurement interface {
	run(ctx context.Context, w *workspace, text io.Writer) (report, error)
}

// action runs a measurement: in a workspace that is gone afterwards, and with
// its report at the end.
func action[M measurement](configure func(*cli.Context) (M, error)) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.Args().Present() {
			return fmt.Errorf("unexpected argument %q", c.Args().First())
		}
		if err := raiseFileLimit(); err != nil {
			return err
		}
		m, err := configure(c)
		if err != nil {
			return err
		}
		w, err := newWorkspace(c.Context)
		if err != nil {
			return err
		}
		defer w.remove()
		text := c.App.Writer
		if c.Bool("json") {
			text = io.Discard
		}
		r, err := m.run(c.Context, w, text)
		if err != nil {
			return err
		}
		return r.finish(c)
	}
}

// echoCommand is how this program runs itself as a server to compare with. The
// signals that main catches end it as they end other programs.
func echoCommand(name string, serve func(socket string) error) *cli.Command {
	return &cli.Command{
		Name: name, Hidden: true, ArgsUsage: "SOCKET",
		Action: func(c *cli.Context) error {
			signal.Reset(syscall.SIGINT, syscall.SIGTERM)
			return serve(c.Args().First())
		},
	}
}
