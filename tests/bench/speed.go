package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/tests/bench/load"
	"fullex/tests/bench/process"
)

// warmUp is the length of the run before those that count.
const warmUp = 50 * time.Millisecond

// speedConfig is the flags of the speed measurement.
type speedConfig struct {
	runs    int
	length  time.Duration
	cells   []cell
	servers []contender
	notes   []string
	old     string // another fullex
}

func speedConfigFrom(c *cli.Context) (speedConfig, error) {
	config := speedConfig{runs: c.Int("runs"), length: c.Duration("time"), old: c.String("old")}
	cells := c.String("cells")
	if c.Bool("quick") {
		config.runs, config.length, cells = 3, 20*time.Millisecond, "1x1,1x64,20x4,1x16:open"
	}
	if config.runs < 1 || config.length <= 0 {
		return config, errors.New("--runs and --time: want more than nothing")
	}
	var err error
	if config.cells, err = parseCells(cells); err != nil {
		return config, fmt.Errorf("--cells: %w", err)
	}
	if config.servers, config.notes, err = chooseContenders(c.String("servers"), c.String("old")); err != nil {
		return config, fmt.Errorf("--servers: %w", err)
	}
	return config, nil
}

// run is the measurement without a subcommand.
func (config speedConfig) run(ctx context.Context, w *workspace, text io.Writer) (report, error) {
	before, err := process.MachineTimes()
	if err != nil {
		return report{}, err
	}
	w.old = config.old
	config.describe(text)
	results, err := config.measure(ctx, w, text)
	if err != nil {
		return report{}, err
	}
	after, err := process.MachineTimes()
	if err != nil {
		return report{}, err
	}
	stolen := fmt.Sprintf("the hypervisor took %.0f %% of the processors' time meanwhile", 100*after.Stolen(before))
	return report{results, append(config.notes, stolen), speedMisses(results)}, nil
}

// measure runs all cells and prints each when it is done.
func (config speedConfig) measure(ctx context.Context, w *workspace, text io.Writer) (_ []cellResult, err error) {
	var running []*process.Process
	defer func() { err = errors.Join(err, stopAll(running)) }()
	for _, server := range config.servers {
		p, err := server.start(w)
		if err != nil {
			return nil, err
		}
		running = append(running, p)
	}
	var results []cellResult
	for _, cell := range config.cells {
		part, servers := config.of(cell, running)
		samples, err := part.measureCell(ctx, w, cell, servers)
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", cell, err)
		}
		result := summarise(cell, part.servers, samples)
		result.print(text)
		results = append(results, result)
	}
	return results, nil
}

// of returns the part of the measurement that is of a cell, and its servers.
func (config speedConfig) of(cell cell, running []*process.Process) (part speedConfig, servers []*process.Process) {
	part = config
	part.servers = nil
	for i, c := range config.servers {
		if !cell.opens || !c.valuesOnly {
			part.servers = append(part.servers, c)
			servers = append(servers, running[i])
		}
	}
	return part, servers
}

// measureCell connects to all servers, runs the rounds, and returns the samples
// of each server.
func (config speedConfig) measureCell(ctx context.Context, w *workspace, cell cell, running []*process.Process) (_ [][]sample, err error) {
	conns := make([][]*load.Conn, len(running))
	defer func() { err = errors.Join(err, closeAll(conns)) }()
	for i, p := range running {
		if conns[i], err = config.servers[i].dialMany(w, p.Socket, cell); err != nil {
			return nil, fmt.Errorf("%s: %w", config.servers[i].name, err)
		}
	}
	samples := make([][]sample, len(running))
	for round := range config.runs + 1 {
		length := config.length
		if round == 0 {
			length = min(warmUp, length)
		}
		for _, i := range rand.Perm(len(running)) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			s, err := takeSample(running[i], conns[i], length)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", config.servers[i].name, err)
			}
			if round > 0 {
				samples[i] = append(samples[i], s)
			}
		}
	}
	return samples, nil
}

// dialMany makes the connections of a cell.
func (c contender) dialMany(w *workspace, socket string, cell cell) (conns []*load.Conn, err error) {
	for i := range cell.conns {
		conn, err := c.dial(w, socket, i, cell)
		if err != nil {
			return conns, fmt.Errorf("connection %d: %w", i, err)
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

func closeAll(conns [][]*load.Conn) error {
	var errs []error
	for _, of := range conns {
		for _, c := range of {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// sample is one run of one server.
type sample struct {
	rate float64 // operations a second
	cpu  float64 // of the server, in microseconds an operation
}

func takeSample(p *process.Process, conns []*load.Conn, length time.Duration) (sample, error) {
	before, err := p.CPU()
	if err != nil {
		return sample{}, err
	}
	result, err := load.Run(conns, length)
	if err != nil {
		return sample{}, err
	}
	after, err := p.CPU()
	if err != nil {
		return sample{}, err
	}
	return sample{rate: result.Rate(), cpu: microseconds(after-before) / float64(result.Ops)}, nil
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
