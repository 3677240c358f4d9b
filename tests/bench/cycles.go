package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"fullex/tests/bench/load"
	"fullex/tests/bench/process"
)

const (
	// quarters is how often memory is looked at.
	quarters = 4
	// cyclesAConn is how many cycles a connection lives where there are many, and
	// how many are done at a time.
	cyclesAConn = 100
	// maxCycles is how many names pid/N there are.
	maxCycles = 4<<20 - 1
	// cycleRequests is how many requests a cycle is.
	cycleRequests = 4
)

// cycleResult is what became of a server's memory while sessions were opened
// and closed.
type cycleResult struct {
	What     string           `json:"what"`
	Cycles   int              `json:"cycles"`
	Rate     float64          `json:"cycles_per_second"`
	Quarters []process.Memory `json:"memory_by_quarter"`
}

// growth returns what came after the first quarter, in KiB.
func (r cycleResult) growth() int { return r.Quarters[quarters-1].RSS - r.Quarters[0].RSS }

// cycleFunc does a number of cycles, of which the first has the number from. The
// client stays the same through all quarters; the socket is for others.
type cycleFunc func(c *load.Client, socket string, from, cycles int) error

// cycleKinds are the ways to open and close.
var cycleKinds = []struct {
	what string
	run  cycleFunc
}{
	{"on one connection", oneConnection},
	{"on connections of 100 each", manyConnections},
	{"through distinct names pid/N", distinctNames},
}

// measureCycles gives each kind a server of its own.
func (config scaleConfig) measureCycles(ctx context.Context, w *workspace, text io.Writer) ([]cycleResult, error) {
	fmt.Fprintf(text, "\n%d opens and closes; the server's memory (RSS, KiB) after each quarter\n\n", config.cycles)
	fmt.Fprintf(text, "%-30s %10s %8s %8s %8s %8s %8s\n", "", "a second", "1", "2", "3", "4", "growth")
	var results []cycleResult
	for _, kind := range cycleKinds {
		r, err := config.measureKind(ctx, w, kind.run)
		if err != nil {
			return nil, fmt.Errorf("open and close %s: %w", kind.what, err)
		}
		r.What = kind.what
		q := r.Quarters
		fmt.Fprintf(text, "%-30s %10.0f %8d %8d %8d %8d %8d\n", r.What, r.Rate, q[0].RSS, q[1].RSS, q[2].RSS, q[3].RSS, r.growth())
		results = append(results, r)
	}
	return results, nil
}

func (config scaleConfig) measureKind(ctx context.Context, w *workspace, run cycleFunc) (r cycleResult, err error) {
	server, err := w.startFullex()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	c, err := load.Dial(server.Socket, usualMsize, "", uint32(os.Getuid()))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	each := config.cycles / quarters
	r.Cycles = each * quarters
	var busy time.Duration
	for quarter := range quarters {
		start := time.Now()
		for done := 0; done < each; done += cyclesAConn {
			if err := ctx.Err(); err != nil {
				return r, err
			}
			if err := run(c, server.Socket, quarter*each+done, min(cyclesAConn, each-done)); err != nil {
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

func oneConnection(c *load.Client, _ string, _, cycles int) error {
	return cycleMany(c, cycles, func(int) []string { return []string{"each", "full_ex"} })
}

func distinctNames(c *load.Client, _ string, from, cycles int) error {
	return cycleMany(c, cycles, func(i int) []string { return []string{"pid", strconv.Itoa(from + i + 1), "full_ex"} })
}

// manyConnections leaves one session open on each connection when it closes:
// the server must free that, too.
func manyConnections(_ *load.Client, socket string, _, cycles int) error {
	c, err := load.Dial(socket, usualMsize, "", uint32(os.Getuid()))
	if err != nil {
		return err
	}
	err = oneConnection(c, socket, 0, cycles-1)
	c.Walk(0, deviceFID, "full_ex")
	c.Open(deviceFID)
	c.Write(deviceFID, capacity)
	return errors.Join(err, c.Flush(), c.Close())
}

// cycleMany does cycles with liveDepth requests in flight; path is the way of
// each.
func cycleMany(c *load.Client, cycles int, path func(i int) []string) error {
	for i := range cycles {
		addCycle(c, path(i)...)
		if c.Waiting() >= liveDepth || i == cycles-1 {
			if err := c.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// openAndClose does as many cycles as depth requests are, one at least, and
// returns how many. A depth below a cycle's requests sends one at a time.
func openAndClose(c *load.Client, depth int, path ...string) (int, error) {
	if depth < cycleRequests {
		return 1, stepwise(c, path...)
	}
	n := depth / cycleRequests
	for range n {
		addCycle(c, path...)
	}
	return n, c.Flush()
}

// addCycle adds the requests of one cycle.
func addCycle(c *load.Client, path ...string) {
	c.Walk(0, deviceFID, path...)
	c.Open(deviceFID)
	c.Write(deviceFID, capacity)
	c.Clunk(deviceFID)
}

// stepwise is a cycle that waits for each reply.
func stepwise(c *load.Client, path ...string) error {
	for _, request := range []func(){
		func() { c.Walk(0, deviceFID, path...) },
		func() { c.Open(deviceFID) },
		func() { c.Write(deviceFID, capacity) },
		func() { c.Clunk(deviceFID) },
	} {
		request()
		if err := c.Flush(); err != nil {
			return err
		}
	}
	return nil
}
