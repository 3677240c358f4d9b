package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"
)

// part is a measurement with tables of its own.
type part struct {
	name      string // of the subcommand; "": there is none
	title     string // of its tables
	usage     string
	flags     []cli.Flag
	configure func(*cli.Context) (measurement, error)
}

// measurement is a part whose flags have been checked. It prints to text as it goes.
type measurement interface {
	run(ctx context.Context, w *workspace, text io.Writer) (report, error)
}

// parts are all parts. The first one has no subcommand.
var parts = []part{
	{
		"", "The server beside servers that do nothing", "measure the server against servers that do nothing",
		append(roundsFlags(61, 60*time.Millisecond),
			&cli.StringFlag{Name: "cells", Value: "1x1,1x16,1x64,1x256,64x1,64x16,1000x1,1x1:open,1x64:open", Usage: "measure the cells in `LIST`: CONNECTIONSxDEPTH, with :open for opens and closes"},
			&cli.StringFlag{Name: "servers", Value: "echo,twin,epoll,fullex,command,old,diod", Usage: "measure the servers in `LIST`, and always echo, the base of all ratios"},
			&cli.StringFlag{Name: "old", Usage: "measure `PROGRAM`, another fullex, as the server old"},
		),
		checked(speedConfigFrom),
	},
	{
		"memory", "Idle connections", "measure what an idle connection costs",
		[]cli.Flag{
			&cli.IntFlag{Name: "conns", Value: 9000, Usage: "open `N` connections"},
			&cli.StringFlag{Name: "msizes", Value: "8192,65536,524288", Usage: "ask for the msizes in `LIST`, in bytes"},
		},
		checked(memoryConfigFrom),
	},
	{
		"scale", "Many sessions, and many opens and closes", "measure with many sessions, and after many opens and closes",
		append(roundsFlags(31, 100*time.Millisecond),
			&cli.IntFlag{Name: "sessions", Value: 100_000, Usage: "measure with `N` open sessions"},
			&cli.IntFlag{Name: "cycles", Value: 1_000_000, Usage: "open and close `N` times in each way"},
		),
		checked(scaleConfigFrom),
	},
	{
		"fuse", "FUSE mounts beside files that do nothing", "measure FUSE mounts beside files that do nothing",
		roundsFlags(31, 100*time.Millisecond), checked(fuseConfigFrom),
	},
	{
		"trace", "Connections through fullex trace", "measure connections through fullex trace beside direct ones",
		roundsFlags(21, 100*time.Millisecond), checked(traceConfigFrom),
	},
	{
		"upgrade", "Upgrades in place", "measure the pauses of upgrades under load",
		[]cli.Flag{&cli.IntFlag{Name: "n", Value: 100, Usage: "upgrade each server `N` times"}},
		checked(upgradeConfigFrom),
	},
	{
		"guests", "Ways into a guest", "measure the ways into guests in QEMU (run tests/run first)",
		nil, checked(guestsConfigFrom),
	},
}

// checked returns a function that makes a measurement from flags. It also refuses arguments
// and raises the limit of open files.
func checked[M measurement](configure func(*cli.Context) (M, error)) func(*cli.Context) (measurement, error) {
	return func(c *cli.Context) (measurement, error) {
		if c.Args().Present() {
			return nil, fmt.Errorf("unexpected argument %q", c.Args().First())
		}
		if err := raiseFileLimit(); err != nil {
			return nil, err
		}
		return configure(c)
	}
}

func roundsFlags(n int, length time.Duration) []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "runs", Value: n, Usage: "measure in `N` rounds"},
		&cli.DurationFlag{Name: "time", Value: length, Usage: "load each server for `TIME` in a round"},
	}
}

// allFlags returns the flags of the part and those that all parts have.
func (p part) allFlags() []cli.Flag {
	return append(p.flags[:len(p.flags):len(p.flags)],
		&cli.BoolFlag{Name: "quick", Usage: "only try whether all works, with small sizes; ignore the numbers"},
		&cli.BoolFlag{Name: "json", Usage: "print the results as JSON at the end"},
		&cli.BoolFlag{Name: "check", Usage: "fail if a target of targets.go is missed"},
	)
}

// run measures the part and prints its report.
func (p part) run(c *cli.Context) error {
	m, err := p.configure(c)
	if err != nil {
		return err
	}
	text := c.App.Writer
	if c.Bool("json") {
		text = io.Discard
	}
	r, err := measure(c.Context, m, text)
	if err != nil {
		return err
	}
	return r.finish(c)
}

// measure runs a measurement in a workspace, which it removes afterwards.
func measure(ctx context.Context, m measurement, text io.Writer) (r report, err error) {
	w, err := newWorkspace(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.remove()) }()
	return m.run(ctx, w, text)
}
