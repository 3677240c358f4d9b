package main

import (
	"fmt"
	"strconv"
	"strings"
)

// cell is one kind of load.
type cell struct {
	conns int
	depth int // requests in flight on each
}

func (c cell) String() string { return fmt.Sprintf("%dx%d", c.conns, c.depth) }

// maxDepth keeps the requests of a connection, and their replies, within what a
// socket holds: more would wait in the sender.
const maxDepth = 1024

// parseCells reads a list such as "1x1,64x16".
func parseCells(list string) ([]cell, error) {
	var cells []cell
	for _, s := range strings.Split(list, ",") {
		conns, depth, ok := strings.Cut(s, "x")
		n, connsErr := strconv.Atoi(conns)
		d, depthErr := strconv.Atoi(depth)
		if !ok || connsErr != nil || depthErr != nil || n < 1 || d < 1 || d > maxDepth {
			return nil, fmt.Errorf("cell %q: want CONNECTIONSxREQUESTS, such as 64x16, with at most %d requests", s, maxDepth)
		}
		if err := checkFileLimit(n); err != nil {
			return nil, fmt.Errorf("cell %q: %w", s, err)
		}
		cells = append(cells, cell{n, d})
	}
	return cells, nil
}
