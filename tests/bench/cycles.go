package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"fullex/p9srv/client/load"
	"fullex/tests/bench/process"
)

const (
	// quarters is the number of looks at memory.
	quarters = 4
	// cyclesAConn is how many cycles are done at a time. Where there are many
	// connections, each lives so long.
	cyclesAConn = 100
	// maxCycles is the number of names pid/N that exist.
	maxCycles = 4<<20 - 1
)

// cycleResult is the memory of a server while sessions were opened and closed.
type cycleResult struct {
	What     string           `json:"what"`
	Cycles   int              `json:"cycles"`
	Rate     float64          `json:"cycles_per_second"`
	Quarters []process.Memory `json:"memory_by_quarter"`
}

// growth returns by how much the memory grew after the first quarter, in KiB.
func (r cycleResult) growth() int { return r.Quarters[quarters-1].RSS - r.Quarters[0].RSS }

// cycleFunc does a number of cycles, on a connection that stays the same through all
// quarters, or on new connections to a socket.
type cycleFunc func(ctx context.Context, c *load.Conn, socket string, cycles int) error

// cycleKind is a way to open and close.
type cycleKind struct {
	what string
	path func() []string // of each open
	run  cycleFunc
}

func cycleKinds() []cycleKind {
	return []cycleKind{
		{"on one connection", nil, oneConnection},
		{"on connections of 100 each", nil, manyConnections},
		{"through distinct names pid/N", distinctNames(), oneConnection},
	}
}

// measureCycles measures each kind with a server of its own.
func (config scaleConfig) measureCycles(ctx context.Context, w *workspace, text io.Writer) ([]cycleResult, error) {
	fmt.Fprintf(text, "\n%d opens and closes; the server's memory (RSS, KiB) after each quarter\n\n", config.cycles)
	fmt.Fprintf(text, "%-30s %10s %8s %8s %8s %8s %8s\n", "", "a second", "1", "2", "3", "4", "growth")
	var results []cycleResult
	for _, kind := range cycleKinds() {
		r, err := config.measureKind(ctx, w, kind)
		if err != nil {
			return nil, fmt.Errorf("open and close %s: %w", kind.what, err)
		}
		q := r.Quarters
		fmt.Fprintf(text, "%-30s %10.0f %8d %8d %8d %8d %8d\n", r.What, r.Rate, q[0].RSS, q[1].RSS, q[2].RSS, q[3].RSS, r.growth())
		results = append(results, r)
	}
	return results, nil
}

func (config scaleConfig) measureKind(ctx context.Context, w *workspace, kind cycleKind) (r cycleResult, err error) {
	server, err := w.startFullex()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	way := cyclesOf(liveDepth)
	way.OpenPath = kind.path
	c, err := dial(ctx, server.Socket, way)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	each := config.cycles / quarters
	r.What, r.Cycles = kind.what, each*quarters
	var busy time.Duration
	for range quarters {
		start := time.Now()
		for done := 0; done < each; done += cyclesAConn {
			if err := kind.run(ctx, c, server.Socket, min(cyclesAConn, each-done)); err != nil {
				return r, err
			}
		}
		busy += time.Since(start)
		m, err := server.SettledMemory()
		if err != nil {
			return r, err
		}
		r.Quarters = append(r.Quarters, m)
	}
	r.Rate = float64(r.Cycles) / busy.Seconds()
	return r, nil
}

func oneConnection(ctx context.Context, c *load.Conn, _ string, cycles int) error {
	return do(ctx, cycles, c)
}

// manyConnections does the cycles on a new connection. It closes that with one session open,
// which the server must free, too.
func manyConnections(ctx context.Context, _ *load.Conn, socket string, cycles int) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	way := cyclesOf(liveDepth)
	way.Path, way.Sessions, way.OpenPath = each[1:], 1, func() []string { return each }
	c, err := open(ctx, conn, usualMsize, asSelf, way)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, cycles-1, c), conn.Close())
}

// distinctNames returns a function that returns another name at each call.
func distinctNames() func() []string {
	n := 0
	return func() []string {
		n++
		return []string{"pid", strconv.Itoa(n), each[1]}
	}
}
