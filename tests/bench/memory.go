package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"fullex/p9srv/client/load"
	"fullex/tests/bench/process"
)

// warmConns is how many connections are opened and closed before the first look at memory,
// so that what a server allocates only once is not counted.
const warmConns = 20

// memoryConfig is the flags of the memory measurement.
type memoryConfig struct {
	conns  int
	msizes []uint32
}

func memoryConfigFrom(c *cli.Context) (memoryConfig, error) {
	config := memoryConfig{conns: c.Int("conns")}
	msizes := c.String("msizes")
	if c.Bool("quick") {
		config.conns, msizes = 500, "65536"
	}
	if config.conns < 1 {
		return config, errors.New("--conns: want a number above 0")
	}
	if err := checkFileLimit(config.conns); err != nil {
		return config, fmt.Errorf("--conns: %w", err)
	}
	for _, s := range strings.Split(msizes, ",") {
		msize, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return config, fmt.Errorf("--msizes: %q is not a size", s)
		}
		config.msizes = append(config.msizes, uint32(msize))
	}
	return config, nil
}

// memoryResult is what idle connections cost, for the msize they asked for.
type memoryResult struct {
	Msize  uint32         `json:"msize"`
	Conns  int            `json:"connections"`
	Before process.Memory `json:"before"`
	After  process.Memory `json:"after"`
	RSS    float64        `json:"rss_kib_per_connection"`
	Anon   float64        `json:"anon_kib_per_connection"`
}

// run implements measurement.
func (config memoryConfig) run(ctx context.Context, w *workspace, text io.Writer) (report, error) {
	fmt.Fprintf(text, "idle connections, each with an open session: capacity %d, one write and one read done\n\n", load.Capacity)
	fmt.Fprintf(text, "%8s %12s %12s %12s %16s %16s\n", "msize", "connections", "before KiB", "after KiB", "RSS KiB each", "of it anonymous")
	var results []memoryResult
	for _, msize := range config.msizes {
		r, err := measureMemory(ctx, w, config.conns, msize)
		if err != nil {
			return report{}, fmt.Errorf("msize %d: %w", msize, err)
		}
		fmt.Fprintf(text, "%8d %12d %12d %12d %16.1f %16.1f\n", r.Msize, r.Conns, r.Before.RSS, r.After.RSS, r.RSS, r.Anon)
		results = append(results, r)
	}
	return report{Results: results, Missed: memoryMisses(results)}, nil
}

func memoryMisses(results []memoryResult) []string {
	var misses []string
	for _, r := range results {
		if r.RSS > maxIdleKiB {
			misses = append(misses, fmt.Sprintf("msize %d: %.1f KiB a connection, want at most %d", r.Msize, r.RSS, maxIdleKiB))
		}
	}
	return misses
}

// measureMemory starts a server, opens n connections, and compares its memory before and after.
func measureMemory(ctx context.Context, w *workspace, n int, msize uint32) (result memoryResult, err error) {
	server, err := w.startFullex()
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	warm, err := idleConns(ctx, server.Socket, min(warmConns, n), msize)
	if err := errors.Join(err, load.Close(warm)); err != nil {
		return result, err
	}
	result = memoryResult{Msize: msize, Conns: n}
	if result.Before, err = server.SettledMemory(); err != nil {
		return result, err
	}
	conns, err := idleConns(ctx, server.Socket, n, msize)
	defer func() { err = errors.Join(err, load.Close(conns)) }()
	if err != nil {
		return result, err
	}
	if result.After, err = server.SettledMemory(); err != nil {
		return result, err
	}
	result.RSS = float64(result.After.RSS-result.Before.RSS) / float64(n)
	result.Anon = float64(result.After.Anon-result.Before.Anon) / float64(n)
	return result, nil
}

// idleConns makes connections and uses each for a push and a pop. On an error it returns the
// connections that it has made.
func idleConns(ctx context.Context, socket string, n int, msize uint32) (conns []load.Worker, err error) {
	for range n {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			return conns, err
		}
		c, err := open(ctx, conn, msize, asSelf, sessionsOf(1))
		if err != nil {
			return conns, fmt.Errorf("connection %d: %w", len(conns), err)
		}
		conns = append(conns, c)
		if err := do(ctx, 2, c); err != nil { // a push and a pop
			return conns, fmt.Errorf("use connection %d: %w", len(conns)-1, err)
		}
	}
	return conns, nil
}
