package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/target"
	"fullex/p9srv/deadline"
)

func upgradeCommand() *cli.Command {
	return &cli.Command{
		Name:      "upgrade",
		Usage:     "replace the program of a running server, under its clients",
		ArgsUsage: "[PID|TARGET]",
		Description: "    fullex upgrade unix:/run/fullex.sock\n\n" +
			"The server executes the file that is now at the path of its program, in the same\n" +
			"process. Its clients stay connected and see a pause of some milliseconds. If\n" +
			"anything is wrong, the old program goes on. SIGUSR2 does the same. PID is a fullex\n" +
			"serve on this machine. " + targetHelp,
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "timeout", Value: 30 * time.Second, Usage: "wait for the outcome for at most `TIME`"},
		},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 0, 1)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context, c.Duration("timeout"))
			defer cancel()
			name, ask, err := upgradeTarget(args)
			if err != nil {
				return err
			}
			return onTarget(ctx, name, func(t target.Target) error { return awaitUpgrade(ctx, t, ask, c.App.Writer) })
		},
	}
}

// upgradeTarget returns the server that the arguments name, and a function that asks it for
// an upgrade.
func upgradeTarget(args []string) (name target.Name, ask func(target.Target) error, err error) {
	if len(args) > 0 {
		if pid, err := strconv.Atoi(args[0]); err == nil && pid > 0 {
			name, err = listeningAt(pid)
			return name, func(target.Target) error { return signalUpgrade(pid) }, err
		}
	}
	name, _, err = optionalTarget(args, 0)
	return name, func(t target.Target) error { return writeFile(t, "ctl", []byte("upgrade\n")) }, err
}

func signalUpgrade(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGUSR2); err != nil {
		return fmt.Errorf("send SIGUSR2 to process %d: %w", pid, err)
	}
	return nil
}

// lookTime is the time between two looks at the log.
const lookTime = 20 * time.Millisecond

// awaitUpgrade asks for an upgrade and prints its outcome, which the server writes to its
// log.
func awaitUpgrade(ctx context.Context, t target.Target, ask func(target.Target) error, w io.Writer) error {
	before, err := outcomes(t)
	if err != nil {
		return err
	}
	if err := ask(t); err != nil {
		return err
	}
	for {
		if err := deadline.Sleep(ctx, lookTime); err != nil {
			return fmt.Errorf("the log has no outcome of an upgrade: %w", err)
		}
		now, err := outcomes(t)
		if err != nil {
			return err
		}
		for _, line := range now {
			if slices.Contains(before, line) {
				continue
			}
			_, text, _ := strings.Cut(line, "] ")
			if why, refused := strings.CutPrefix(text, notUpgradedLog); refused {
				return errors.New("not upgraded: " + why)
			}
			_, err := fmt.Fprintln(w, strings.TrimPrefix(text, "fullex: "))
			return err
		}
	}
}

// outcomes returns the lines of the log with outcomes of upgrades. No other lines begin like
// these: lines that clients cause begin with the name of a module.
func outcomes(t target.Target) ([]string, error) {
	var text bytes.Buffer
	if err := readFile(t, "kmsg", &text); err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		_, words, _ := strings.Cut(line, "] ")
		if strings.HasPrefix(words, upgradedLine) || strings.HasPrefix(words, notUpgradedLog) {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
