package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"fullex/tests/bench/load"
	"fullex/tests/bench/process"
)

const (
	// fewSessions is what many are compared with.
	fewSessions = 10
	// sessionsAConn is how many live sessions one connection holds.
	sessionsAConn = 1000
	// liveDepth is how many requests are in flight where they are pipelined.
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

// populated is a server with live sessions, and what is measured on it: on
// connections that hold none of them.
type populated struct {
	server  *process.Process
	holders []*load.Client
	one     *load.Conn   // a request at a time
	deep    *load.Conn   // liveDepth at a time
	opener  *load.Client // opens and closes
}

// probes are the measurements, in microseconds each.
var probes = []struct {
	what string
	take func(*populated, time.Duration) (float64, error)
}{
	{"operation, one at a time", func(p *populated, d time.Duration) (float64, error) { return operationTime(p.one, d) }},
	{"operation, 64 in flight", func(p *populated, d time.Duration) (float64, error) { return operationTime(p.deep, d) }},
	{"open and close, one at a time", func(p *populated, d time.Duration) (float64, error) { return cycleTime(p.opener, 1, d) }},
	{"open and close, 64 in flight", func(p *populated, d time.Duration) (float64, error) { return cycleTime(p.opener, liveDepth, d) }},
}

// measureLive runs the probes in turn on two servers.
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
	fmt.Fprintf(text, "another connection, with %d live sessions and with %d; %d rounds of %v\n\n", config.sessions, fewSessions, config.runs, config.length)
	fmt.Fprintf(text, "%-30s %10s %10s   %s\n", "", "few, us", "many, us", "ratio, median [min..max]")
	var results []liveResult
	for _, probe := range probes {
		var times [2][]float64
		for range config.runs {
			for _, i := range rand.Perm(len(servers)) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				t, err := probe.take(servers[i], config.length)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", probe.what, err)
				}
				times[i] = append(times[i], t)
			}
		}
		r := ratios(times[1], times[0])
		result := liveResult{probe.what, median(times[0]), median(times[1]), median(r), slices.Min(r), slices.Max(r)}
		fmt.Fprintf(text, "%-30s %10.3f %10.3f   %.2f [%.2f..%.2f]\n", result.What, result.Few, result.Many, result.Ratio, result.RatioMin, result.RatioMax)
		results = append(results, result)
	}
	return results, nil
}

// populate starts a server and opens sessions on it. On an error it returns
// what there is, to be stopped.
func populate(ctx context.Context, w *workspace, sessions int) (*populated, error) {
	server, err := w.startFullex()
	if err != nil {
		return nil, err
	}
	p := &populated{server: server}
	for open := 0; open < sessions; open += sessionsAConn {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		if err := p.hold(min(sessionsAConn, sessions-open)); err != nil {
			return p, fmt.Errorf("open sessions after %d: %w", open, err)
		}
	}
	if p.one, err = dialFullex(w, server.Socket, 0, cell{1, 1, false}); err != nil {
		return p, err
	}
	if p.deep, err = dialFullex(w, server.Socket, 0, cell{1, liveDepth, false}); err != nil {
		return p, err
	}
	p.opener, err = load.Dial(server.Socket, usualMsize, "", uint32(os.Getuid()))
	return p, err
}

// hold opens sessions on one more connection.
func (p *populated) hold(sessions int) error {
	c, err := load.Dial(p.server.Socket, usualMsize, "", uint32(os.Getuid()))
	if err != nil {
		return err
	}
	p.holders = append(p.holders, c)
	for i := range uint32(sessions) {
		fid := deviceFID + i
		c.Walk(0, fid, "each", "full_ex")
		c.Open(fid)
		c.Write(fid, capacity)
		if c.Waiting() >= liveDepth {
			if err := c.Flush(); err != nil {
				return err
			}
		}
	}
	return c.Flush()
}

// stop closes all connections and ends the server.
func (p *populated) stop() error {
	err := closeClients(p.holders)
	for _, c := range []*load.Conn{p.one, p.deep} {
		if c != nil {
			err = errors.Join(err, c.Close())
		}
	}
	if p.opener != nil {
		err = errors.Join(err, p.opener.Close())
	}
	return errors.Join(err, p.server.Stop())
}

// operationTime returns microseconds an operation.
func operationTime(c *load.Conn, length time.Duration) (float64, error) {
	r, err := load.Run([]*load.Conn{c}, length)
	if err != nil {
		return 0, err
	}
	return 1e6 / r.Rate(), nil
}

// cycleTime returns microseconds an open and close, with so many requests in
// flight.
func cycleTime(c *load.Client, depth int, length time.Duration) (float64, error) {
	cycles := 0
	start := time.Now()
	for time.Since(start) < length {
		n, err := openAndClose(c, depth, "each", "full_ex")
		if err != nil {
			return 0, err
		}
		cycles += n
	}
	return microseconds(time.Since(start)) / float64(cycles), nil
}
