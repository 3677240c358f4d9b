package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"fullex/p9srv/client/load"
	"fullex/tests/bench/process"
)

const (
	// fewSessions is the number of sessions that many are compared with.
	fewSessions = 10
	// sessionsAConn is how many live sessions one connection has.
	sessionsAConn = 1000
	// liveDepth is how many operations are in flight where they are pipelined.
	liveDepth = 64
)

// liveResult compares a server with many live sessions and one with few.
type liveResult struct {
	What     string  `json:"what"`
	Few      float64 `json:"few_us"`
	Many     float64 `json:"many_us"`
	Ratio    float64 `json:"ratio"` // median over the rounds
	RatioMin float64 `json:"ratio_min"`
	RatioMax float64 `json:"ratio_max"`
}

// populated is a server with live sessions, their connections, and those of the probes.
type populated struct {
	server *process.Process
	conns  []load.Worker // all of them
	probes []load.Worker // the connection of each probe
}

// probes are the measurements.
var probes = []struct {
	what   string
	config load.Config
}{
	{"operation, one at a time", cell{1, 1, false}.config(0)},
	{"operation, 64 in flight", cell{1, liveDepth, false}.config(0)},
	{"open and close, one at a time", cyclesOf(1)},
	{"open and close, 64 in flight", cyclesOf(liveDepth)},
}

// measureLive runs each probe on two servers, alternating between them.
func (config scaleConfig) measureLive(ctx context.Context, w *workspace, text io.Writer) (_ []liveResult, err error) {
	var servers [2]*populated
	for i, sessions := range []int{fewSessions, config.sessions} {
		servers[i], err = populate(ctx, w, sessions)
		if servers[i] != nil {
			defer func() { err = errors.Join(err, servers[i].stop()) }()
		}
		if err != nil {
			return nil, fmt.Errorf("%d: %w", sessions, err)
		}
	}
	fmt.Fprintf(text, "another connection, with %d live sessions and with %d; %d rounds of %v\n\n", config.sessions, fewSessions, config.n, config.length)
	fmt.Fprintf(text, "%-30s %10s %10s   %s\n", "", "few, us", "many, us", "ratio, median [min..max]")
	var results []liveResult
	for i, probe := range probes {
		samples, err := config.rounds.take(ctx, []turn{servers[0].probe(i), servers[1].probe(i)})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", probe.what, err)
		}
		few, many := pick(samples[0], sample.time), pick(samples[1], sample.time)
		r := ratios(many, few)
		result := liveResult{probe.what, median(few), median(many), median(r), slices.Min(r), slices.Max(r)}
		fmt.Fprintf(text, "%-30s %10.3f %10.3f   %.2f [%.2f..%.2f]\n", result.What, result.Few, result.Many, result.Ratio, result.RatioMin, result.RatioMax)
		results = append(results, result)
	}
	return results, nil
}

// populate starts a server and opens sessions on it. On an error it returns what the caller
// must stop, or nil.
func populate(ctx context.Context, w *workspace, sessions int) (*populated, error) {
	server, err := w.startFullex()
	if err != nil {
		return nil, err
	}
	p := &populated{server: server}
	for open := 0; open < sessions; open += sessionsAConn {
		if err := p.connect(ctx, sessionsOf(min(sessionsAConn, sessions-open))); err != nil {
			return p, fmt.Errorf("open sessions after %d: %w", open, err)
		}
	}
	sessionConns := len(p.conns)
	for _, probe := range probes {
		if err := p.connect(ctx, probe.config); err != nil {
			return p, err
		}
	}
	p.probes = p.conns[sessionConns:]
	return p, nil
}

func (p *populated) connect(ctx context.Context, config load.Config) error {
	c, err := dial(ctx, p.server.Socket, config)
	if err == nil {
		p.conns = append(p.conns, c)
	}
	return err
}

// probe returns a turn of probe number i.
func (p *populated) probe(i int) turn {
	return loaded(fmt.Sprintf("%d connections", len(p.conns)), p.probes[i:i+1], p.server)
}

// stop closes all connections and ends the server.
func (p *populated) stop() error { return errors.Join(load.Close(p.conns), p.server.Stop()) }
