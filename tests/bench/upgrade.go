package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/p9srv/client/load"
	"fullex/tests/bench/process"
)

// upgradeConfig is the flags of the measurement of upgrades.
type upgradeConfig struct {
	n     int // upgrades a row
	conns []int
}

func upgradeConfigFrom(c *cli.Context) (upgradeConfig, error) {
	config := upgradeConfig{c.Int("n"), []int{100, 5000}}
	if c.Bool("quick") {
		config = upgradeConfig{3, []int{20, 200}}
	}
	if config.n < 1 {
		return config, errors.New("-n: want a number above 0")
	}
	return config, checkFileLimit(slices.Max(config.conns))
}

// busyConns is how many connections are busy where most are idle.
const busyConns = 8

// upgradeResult is the result of the upgrades of one server.
type upgradeResult struct {
	Conns    int     `json:"connections"`
	Busy     int     `json:"busy"`
	Upgrades int     `json:"upgrades"`
	Ops      int64   `json:"operations"`
	Failed   int64   `json:"failed"` // connections with an error or a wrong result
	Median   float64 `json:"pause_median_ms"`
	Max      float64 `json:"pause_max_ms"`
}

// run implements measurement.
func (config upgradeConfig) run(ctx context.Context, w *workspace, text io.Writer) (report, error) {
	fmt.Fprintf(text, "fullex upgrade while connections to a unix socket, each with an open session, push and pop\n\n")
	fmt.Fprintf(text, "%-28s %9s %12s %7s %16s %13s\n", "busy", "upgrades", "operations", "failed", "pause median ms", "pause max ms")
	var results []upgradeResult
	for _, conns := range config.conns {
		for _, busy := range []int{min(busyConns, conns), conns} {
			r, err := config.measure(ctx, w, conns, busy)
			if err != nil {
				return report{}, fmt.Errorf("%d of %d connections: %w", busy, conns, err)
			}
			row := fmt.Sprintf("%d of %d connections", r.Busy, r.Conns)
			fmt.Fprintf(text, "%-28s %9d %12d %7d %16.1f %13.1f\n", row, r.Upgrades, r.Ops, r.Failed, r.Median, r.Max)
			results = append(results, r)
		}
	}
	return report{Results: results, Missed: upgradeMisses(results)}, nil
}

// measure starts a server and upgrades it under load.
func (config upgradeConfig) measure(ctx context.Context, w *workspace, conns, busy int) (result upgradeResult, err error) {
	server, err := w.startFullex()
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	all, err := idleConns(ctx, server.Socket, conns, usualMsize)
	defer func() { err = errors.Join(err, load.Close(all)) }()
	if err != nil {
		return result, err
	}
	var users users
	users.start(ctx, all[:busy])
	pauses, err := config.upgrade(ctx, w, server)
	users.end(ctx, all[busy:])
	if err != nil {
		return result, err
	}
	return upgradeResult{
		Conns: conns, Busy: busy, Upgrades: len(pauses), Ops: users.ops.Load(), Failed: users.failed.Load(),
		Median: median(pauses), Max: slices.Max(pauses),
	}, nil
}

// upgrade makes the upgrades, with time to work in between, and returns their pauses in
// milliseconds.
func (config upgradeConfig) upgrade(ctx context.Context, w *workspace, server *process.Process) (pauses []float64, err error) {
	const between = 50 * time.Millisecond
	for range config.n {
		out, err := exec.CommandContext(ctx, w.fullex, "upgrade", "unix:"+server.Socket).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("upgrade: %w: %s", err, out)
		}
		_, said, _ := strings.Cut(string(out), "after a pause of ")
		pause, err := time.ParseDuration(strings.TrimSpace(said))
		if err != nil {
			return nil, fmt.Errorf("upgrade: %q: %w", out, err)
		}
		pauses = append(pauses, float64(pause)/float64(time.Millisecond))
		time.Sleep(between)
	}
	return pauses, nil
}

// users are connections that work until end.
type users struct {
	over        atomic.Bool
	working     sync.WaitGroup
	ops, failed atomic.Int64
}

// start makes the connections work until end. An error on one ends only that one.
func (u *users) start(ctx context.Context, conns []load.Worker) {
	for _, c := range conns {
		u.working.Go(func() {
			for !u.over.Load() && u.work(ctx, c, load.Options{Length: 100 * time.Millisecond}) {
			}
		})
	}
}

// work loads a connection, counts the outcome, and reports whether there was no error.
func (u *users) work(ctx context.Context, c load.Worker, o load.Options) bool {
	r, err := load.Run(ctx, []load.Worker{c}, o)
	u.ops.Add(r.Ops)
	if err != nil {
		u.failed.Add(1)
	}
	return err == nil
}

// end ends the work and waits for that. Then each idle connection must push and pop once.
func (u *users) end(ctx context.Context, idle []load.Worker) {
	u.over.Store(true)
	u.working.Wait()
	for _, c := range idle {
		u.work(ctx, c, load.Options{Length: time.Minute, Each: 2})
	}
}
