package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/p9srv/client/load"
	"fullex/tests/bench/process"
)

// speedConfig is the flags of the speed measurement.
type speedConfig struct {
	rounds
	cells   []cell
	servers []contender
	notes   []string
	old     string // another fullex
}

func speedConfigFrom(c *cli.Context) (speedConfig, error) {
	config := speedConfig{rounds: roundsFrom(c), old: c.String("old")}
	cells := c.String("cells")
	if c.Bool("quick") {
		cells = "1x1,1x64,20x4,1x16:open"
	}
	err := config.rounds.check()
	if err != nil {
		return config, err
	}
	if config.cells, err = parseCells(cells); err != nil {
		return config, fmt.Errorf("--cells: %w", err)
	}
	if config.servers, config.notes, err = chooseContenders(c.String("servers"), c.String("old")); err != nil {
		return config, fmt.Errorf("--servers: %w", err)
	}
	return config, nil
}

// run implements measurement.
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
		result, err := config.measureCell(ctx, w, cell, running)
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", cell, err)
		}
		result.print(text)
		results = append(results, result)
	}
	return results, nil
}

// measureCell connects to all servers that take part in a cell, and runs the rounds.
func (config speedConfig) measureCell(ctx context.Context, w *workspace, cell cell, running []*process.Process) (_ cellResult, err error) {
	var turns []turn
	var conns []load.Worker
	defer func() { err = errors.Join(err, load.Close(conns)) }()
	for i, server := range config.servers {
		if cell.opens && server.valuesOnly {
			continue
		}
		if server.dial == nil {
			turns = append(turns, w.loadedByCommand(server.name, running[i], cell))
			continue
		}
		own, err := server.dialMany(ctx, w, running[i].Socket, cell)
		conns = append(conns, own...)
		if err != nil {
			return cellResult{}, fmt.Errorf("%s: %w", server.name, err)
		}
		turns = append(turns, loaded(server.name, own, running[i]))
	}
	samples, err := config.rounds.take(ctx, turns)
	if err != nil {
		return cellResult{}, err
	}
	return summarise(cell.String(), turns, samples), nil
}

// dialMany makes the connections of a cell. On an error it returns those that it has made.
func (c contender) dialMany(ctx context.Context, w *workspace, socket string, cell cell) (conns []load.Worker, err error) {
	for i := range cell.conns {
		conn, err := c.dial(ctx, w, socket, i, cell)
		if err != nil {
			return conns, fmt.Errorf("connection %d: %w", i, err)
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

// commandTimes is the length of a turn of fullex bench, in lengths of other turns. Each one
// starts a new process, for which the server opens all sessions.
const commandTimes = 5

// loadedByCommand returns a turn of fullex bench.
func (w *workspace) loadedByCommand(name string, server *process.Process, cell cell) turn {
	return turn{name, func(ctx context.Context, length time.Duration) (sample, error) {
		return costing([]*process.Process{server}, func() (float64, int, error) {
			bench := exec.CommandContext(ctx, w.fullex, "bench", "--json", "--duration", (commandTimes * length).String(),
				"--conns", fmt.Sprint(cell.conns), "--depth", fmt.Sprint(cell.depth), "unix:"+server.Socket)
			bench.Stderr = os.Stderr
			out, err := bench.Output()
			if err != nil {
				return 0, 0, fmt.Errorf("fullex bench: %w", err)
			}
			var report struct {
				Results [1]struct {
					Ops  int     `json:"ops"`
					Rate float64 `json:"ops_per_s"`
				}
			}
			err = json.Unmarshal(out, &report)
			return report.Results[0].Rate, report.Results[0].Ops, err
		})
	}}
}
