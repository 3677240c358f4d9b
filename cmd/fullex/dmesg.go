package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/target"
	"fullex/device"
)

func dmesgCommand() *cli.Command {
	return &cli.Command{
		Name:        "dmesg",
		Usage:       "print the log of the modules",
		ArgsUsage:   "[TARGET]",
		Description: "    fullex dmesg --follow tcp:127.0.0.1:5640\n\n" + targetHelp,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "print new lines as they come, until SIGINT"},
			&cli.DurationFlag{Name: "interval", Value: 250 * time.Millisecond, Usage: "with --follow: look for new lines every `TIME`"},
		},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			name, err := targetOnly(c)
			if err != nil {
				return err
			}
			if !c.Bool("follow") {
				return onTarget(c.Context, name, func(t target.Target) error {
					return readFile(t, "kmsg", c.App.Writer)
				})
			}
			log := &follower{w: c.App.Writer}
			return repeat(c, name, log.look)
		},
	}
}

// repeat calls do with a target, at once and then every --interval. It ends without an error
// on SIGINT or SIGTERM, and when nobody reads the output any more.
func repeat(c *cli.Context, name target.Name, do func(target.Target) error) error {
	interval := c.Duration("interval")
	if interval <= 0 {
		return fmt.Errorf("--interval %s: want a time above 0, such as 1s", interval)
	}
	ctx, stop := untilTold(c.Context)
	defer stop()
	surviveClosedOutput()
	unwatch, err := awaitUnread(c.App.Writer, stop)
	if err != nil {
		return err
	}
	defer unwatch()
	err = onTarget(ctx, name, func(t target.Target) error {
		// Closing the target ends a call that it does not answer.
		end := context.AfterFunc(ctx, func() { _ = t.Close() })
		defer end()
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			if err := do(t); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
		}
	})
	if f, ok := c.App.Writer.(*os.File); ctx.Err() != nil || ok && lostReader(f, 0) {
		return nil
	}
	return err
}

// follower prints the lines of a log that it has not seen. It opens and reads the whole log
// each time: the log is short, and an open file does not get the lines that come later.
type follower struct {
	w    io.Writer
	seen []string
}

func (f *follower) look(t target.Target) error {
	var text bytes.Buffer
	if err := readFile(t, "kmsg", &text); err != nil {
		return err
	}
	now := slices.Collect(strings.Lines(text.String()))
	fresh, missed := newLines(f.seen, now)
	if missed {
		if _, err := io.WriteString(f.w, "[ lines dropped before they were read ]\n"); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	for _, line := range fresh {
		if _, err := io.WriteString(f.w, line); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	// The notice of dropped lines is not a line of the log.
	if last := len(now) - 1; last >= 0 && device.IsDroppedNotice(now[last]) {
		now = now[:last]
	}
	f.seen = now
	return nil
}

// newLines returns the lines of now that come after the last line of seen. The log may have
// dropped any of its lines. No two lines are equal, as each has its time. If no line of seen
// is left, other lines may have come and gone, and missed is true.
func newLines(seen, now []string) (fresh []string, missed bool) {
	known := make(map[string]bool, len(seen))
	for _, line := range seen {
		known[line] = true
	}
	for i := len(now); i > 0; i-- {
		if known[now[i-1]] {
			return now[i:], false
		}
	}
	return now, len(seen) > 0
}
