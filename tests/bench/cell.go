package main

import (
	"fmt"
	"strconv"
	"strings"

	"fullex/p9srv/client/load"
)

// cell is one kind of load.
type cell struct {
	conns int
	depth int  // operations in flight on each
	opens bool // opens and closes instead of pushes and pops
}

// opensMark ends the name of a cell of opens.
const opensMark = ":open"

func (c cell) String() string {
	s := fmt.Sprintf("%dx%d", c.conns, c.depth)
	if c.opens {
		s += opensMark
	}
	return s
}

// config returns the load of connection number n.
func (c cell) config(n int) load.Config {
	config := load.Config{Path: each, Depth: c.depth, Seed: uint64(n)}
	if c.opens {
		config.Mix = onlyOpens
		return config
	}
	config.Sessions, config.Fill = 1, load.Half
	return config
}

// maxDepth is the most operations in flight on a connection. The requests and replies of
// more would not fit into the socket, and would wait in the sender.
const maxDepth = 1024

// parseCells reads a list such as "1x1,64x16,1x64:open".
func parseCells(list string) ([]cell, error) {
	var cells []cell
	for _, s := range strings.Split(list, ",") {
		numbers, opens := strings.CutSuffix(s, opensMark)
		conns, depth, ok := strings.Cut(numbers, "x")
		n, connsErr := strconv.Atoi(conns)
		d, depthErr := strconv.Atoi(depth)
		if !ok || connsErr != nil || depthErr != nil || n < 1 || d < 1 || d > maxDepth {
			return nil, fmt.Errorf("cell %q: want CONNECTIONSxREQUESTS, such as 64x16 or 1x64:open, with at most %d requests", s, maxDepth)
		}
		if err := checkFileLimit(n); err != nil {
			return nil, fmt.Errorf("cell %q: %w", s, err)
		}
		cells = append(cells, cell{n, d, opens})
	}
	return cells, nil
}
