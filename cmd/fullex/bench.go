package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/bench"
	"fullex/cmd/fullex/internal/logs"
	"fullex/cmd/fullex/internal/target"
	"fullex/p9srv/client/load"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:      "bench",
		Usage:     "measure operations a second and their latency",
		ArgsUsage: "[TARGET]",
		Description: "Pushes to and pops from deques that are half full at the start. Checks every\n" +
			"result; a wrong one ends the run.\n\n" +
			"    fullex bench --depth 16 --compare /mnt tcp:127.0.0.1:5640\n\n" +
			"At a server, each of --conns connections has --depth operations in flight, each\n" +
			"on an open file of its own. At a path, as many threads make calls. With --rate,\n" +
			"operations are due at fixed times, and latency counts from these times. A pause\n" +
			"of the target therefore shows in full; so do about 0.1 ms to wake an idle\n" +
			"process. SIGINT ends the run early and prints what was measured until then.\n\n" + targetHelp,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "conns", Value: 1, Usage: "use `N` connections"},
			&cli.IntFlag{Name: "depth", Value: 1, Usage: "keep `N` operations in flight on each connection"},
			&cli.StringFlag{Name: "mix", Value: "1:1:0", Usage: "choose operations by `WEIGHTS` of write:read:open; an open includes its close"},
			&cli.DurationFlag{Name: "duration", Value: 5 * time.Second, Usage: "load each target for `TIME`"},
			&cli.Float64Flag{Name: "rate", Usage: "start `N` operations a second in all", DefaultText: "as many as possible"},
			&cli.StringFlag{Name: "file", Usage: "use the device at `PATH` within TARGET", DefaultText: "each/full_ex if it exists, else full_ex"},
			&cli.StringFlag{Name: "compare", Usage: "load `OTHER` too, alternating with TARGET, and print ratios"},
			&cli.DurationFlag{Name: "turn", Value: 100 * time.Millisecond, Usage: "with --compare: alternate every `TIME`"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object"},
		},
		OnUsageError: func(c *cli.Context, err error, sub bool) error {
			words := c.Lineage()[1].Args().Tail() // the flags are not parsed
			config := benchConfig{json: slices.Contains(words, "--json") || slices.Contains(words, "-json")}
			return config.failed(c.App.Writer, oneLine(c, err, sub))
		},
		Action: benchAction,
	}
}

// benchConfig is the flags of bench, checked before anything starts.
type benchConfig struct {
	bench.Config
	targets        []target.Name
	duration, turn time.Duration
	json           bool
}

// maxRate is the highest --rate, in operations a second. The clock is fine enough to
// measure the time between two of them.
const maxRate = 10_000_000

func benchConfigFrom(c *cli.Context) (config benchConfig, err error) {
	config.json = c.Bool("json")
	name, err := targetOnly(c)
	if err != nil {
		return config, err
	}
	config.targets = []target.Name{name}
	if c.IsSet("compare") {
		other, err := target.ParseName(c.String("compare"))
		if err != nil {
			return config, fmt.Errorf("--compare: %w", err)
		}
		config.targets = append(config.targets, other)
	}
	config.Conns, config.Depth, config.File = c.Int("conns"), c.Int("depth"), c.String("file")
	config.duration, config.turn = c.Duration("duration"), c.Duration("turn")
	for _, flag := range []string{"conns", "depth"} {
		if n := c.Int(flag); n < 1 || n > bench.MaxInHand {
			return config, fmt.Errorf("--%s %d: want a number from 1 to %d", flag, n, bench.MaxInHand)
		}
	}
	if config.Conns*config.Depth > bench.MaxInHand {
		return config, fmt.Errorf("--conns %d --depth %d: want %d in flight at most", config.Conns, config.Depth, bench.MaxInHand)
	}
	for _, flag := range []string{"duration", "turn"} {
		if d := c.Duration(flag); d <= 0 {
			return config, fmt.Errorf("--%s %s: want a time above 0", flag, d)
		}
	}
	if rate := c.Float64("rate"); c.IsSet("rate") && (!(rate > 0) || rate > maxRate) {
		return config, fmt.Errorf("--rate %g: want a number above 0, up to %d", rate, maxRate)
	}
	config.Rate = c.Float64("rate")
	if config.Mix, err = load.ParseMix(c.String("mix")); err != nil {
		return config, fmt.Errorf("--mix: %w", err)
	}
	return config, nil
}

func benchAction(c *cli.Context) error {
	surviveClosedOutput()
	config, err := benchConfigFrom(c)
	if err != nil {
		return config.failed(c.App.Writer, err)
	}
	ctx, stop := untilTold(c.Context)
	defer stop()
	subjects, err := startSubjects(ctx, config)
	if err != nil {
		err = config.failed(c.App.Writer, err)
	} else {
		err = config.measure(ctx, c, subjects)
	}
	for _, s := range subjects {
		err = errors.Join(err, s.Close())
	}
	return err
}

// startSubjects starts a subject for each target. With an error it returns the subjects
// that it has started, which the caller closes.
func startSubjects(ctx context.Context, config benchConfig) (subjects []*bench.Subject, err error) {
	for _, name := range config.targets {
		s, err := givenUp(ctx, connectTime, func() (*bench.Subject, error) { return bench.Start(ctx, name, config.Config) })
		if err != nil {
			return subjects, err
		}
		subjects = append(subjects, s)
	}
	return subjects, nil
}

// measure loads the targets and prints the results.
func (config benchConfig) measure(ctx context.Context, c *cli.Context, subjects []*bench.Subject) error {
	end := showProgress(c.App.ErrWriter, subjects)
	defer end()
	if len(subjects) == 2 {
		compared, err := bench.Compare(ctx, [2]*bench.Subject(subjects), config.duration, config.turn)
		end()
		return config.printed(c.App.Writer, compared.Results[:], compared, err)
	}
	result, err := subjects[0].Run(ctx, config.duration)
	end()
	return config.printed(c.App.Writer, []*bench.Result{result}, nil, err)
}

// failed returns err, which says why nothing was measured. With --json it also prints an
// object that has err.
func (config benchConfig) failed(w io.Writer, err error) error {
	if config.json {
		return errors.Join(err, bench.WriteJSON(w, config.settings(), nil, nil, err))
	}
	return err
}

func (config benchConfig) settings() bench.Settings {
	return bench.Settings{
		Targets: config.names(), Conns: config.Conns, Depth: config.Depth,
		Mix: config.Mix.String(), Rate: config.Rate, Duration: config.duration.Seconds(),
	}
}

// names returns the names of the targets as they are printed.
func (config benchConfig) names() []string {
	var names []string
	for _, t := range config.targets {
		names = append(names, t.String())
	}
	return names
}

// printed prints the results and returns err, which is nil unless it ended the run. After an
// error only JSON is printed, with what was measured before.
func (config benchConfig) printed(w io.Writer, results []*bench.Result, compared *bench.Comparison, err error) error {
	if err != nil {
		err = fmt.Errorf("bench: %w", err)
	}
	switch {
	case config.json:
		return errors.Join(err, bench.WriteJSON(w, config.settings(), results, compared, err))
	case err != nil:
		return err
	case compared != nil:
		return compared.WriteTable(w, [2]string(config.names()))
	}
	return results[0].WriteTable(w, config.targets[0].String())
}

// progressTime is the time between two updates of the progress line.
const progressTime = 500 * time.Millisecond

// showProgress keeps a line on a terminal with the number of operations so far. On any other
// output it writes nothing. end clears the line and may be called twice.
func showProgress(w io.Writer, subjects []*bench.Subject) (end func()) {
	if !logs.IsTerminal(w) {
		return func() {}
	}
	over := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		ticker := time.NewTicker(progressTime)
		defer ticker.Stop()
		start, last := time.Now(), int64(0)
		for {
			select {
			case <-over:
				fmt.Fprint(w, "\r\x1b[K") // ECMA-48: erase to the end of the line
				return
			case <-ticker.C:
				done := int64(0)
				for _, s := range subjects {
					done += s.Done()
				}
				fmt.Fprintf(w, "\r%5.1f s  %d operations, %.0f op/s\x1b[K", time.Since(start).Seconds(), done,
					float64(done-last)/progressTime.Seconds())
				last = done
			}
		}
	})
	return sync.OnceFunc(func() {
		close(over)
		writing.Wait()
	})
}
