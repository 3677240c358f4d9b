package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"fullex/p9srv/client/load"
	"fullex/tests/bench/process"
)

// traceConfig is the flags of the measurement of fullex trace.
type traceConfig struct {
	rounds
	depths []int
}

func traceConfigFrom(c *cli.Context) (traceConfig, error) {
	config := traceConfig{roundsFrom(c), []int{1, 64}}
	return config, config.rounds.check()
}

// direct is the way with which the others are compared.
const direct = "direct"

// traced is a server that is reached through fullex trace, or directly.
type traced struct {
	name, what string
	flags      []string
	process    *process.Process // whose processor time counts
}

// tracedWays returns all ways, the direct one first. Their files are in dir.
func tracedWays(dir string) []*traced {
	return []*traced{
		{name: direct, what: "fullex serve; its own processor time"},
		{name: "text", what: "through fullex trace, whose lines go to a file; the processor time is trace's"},
		{name: "json", what: "with --format json", flags: []string{"--format", "json"}},
		{name: "oracle", what: "with --oracle FILE, beside the lines", flags: []string{"--oracle", filepath.Join(dir, "record")}},
	}
}

// run implements measurement.
func (config traceConfig) run(ctx context.Context, w *workspace, text io.Writer) (_ report, err error) {
	ways := tracedWays(w.dir)
	defer func() { err = errors.Join(err, stopWays(ways)) }()
	for _, way := range ways {
		if err := way.start(w, ways[0]); err != nil {
			return report{}, err
		}
	}
	fmt.Fprintf(text, "Twrite and Tread of 4 bytes in turn, directly and through fullex trace; %d rounds of %v\n", config.n, config.length)
	for _, way := range ways {
		fmt.Fprintf(text, "  %-9s %s\n", way.name, way.what)
	}
	writeRatesHead(text, "cell", "way", direct)
	var results []cellResult
	for _, depth := range config.depths {
		result, err := config.measure(ctx, ways, cell{1, depth, false})
		if err != nil {
			return report{}, fmt.Errorf("%d in flight: %w", depth, err)
		}
		result.writeRates(text)
		results = append(results, result)
	}
	return report{Results: results, Missed: traceMisses(results)}, nil
}

// start starts the server, or a fullex trace in front of it.
func (t *traced) start(w *workspace, server *traced) error {
	if t == server {
		p, err := w.startFullex()
		t.process = p
		return err
	}
	lines, err := os.Create(filepath.Join(w.dir, t.name+".lines"))
	if err != nil {
		return fmt.Errorf("make a file for the lines: %w", err)
	}
	socket := w.socket()
	argv := append([]string{w.fullex, "trace", "--listen", "unix:" + socket}, t.flags...)
	t.process, err = process.StartTo(lines, t.name, socket, append(argv, "unix:"+server.process.Socket)...)
	return errors.Join(err, lines.Close())
}

// stopWays ends all ways, the server last.
func stopWays(ways []*traced) error {
	var running []*process.Process
	for i := range ways {
		if p := ways[len(ways)-1-i].process; p != nil {
			running = append(running, p)
		}
	}
	return stopAll(running)
}

// measure runs the rounds with one connection for each way.
func (config traceConfig) measure(ctx context.Context, ways []*traced, cell cell) (_ cellResult, err error) {
	var turns []turn
	var conns []load.Worker
	defer func() { err = errors.Join(err, load.Close(conns)) }()
	for _, way := range ways {
		c, err := dial(ctx, way.process.Socket, cell.config(0))
		if err != nil {
			return cellResult{}, fmt.Errorf("%s: %w", way.name, err)
		}
		conns = append(conns, c)
		turns = append(turns, loaded(way.name, []load.Worker{c}, way.process))
	}
	samples, err := config.rounds.take(ctx, turns)
	if err != nil {
		return cellResult{}, err
	}
	return summarise(cell.String(), turns, samples), nil
}
