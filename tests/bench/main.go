// Command bench measures the server against servers that do nothing.
//
//	go run ./tests/bench           speed, side by side with echo servers and diod
//	go run ./tests/bench memory    what an idle connection costs
//	go run ./tests/bench scale     many sessions, and many opens and closes
//	go run ./tests/bench fuse      FUSE mounts beside a file that does nothing
//
// Each takes --quick for a small run that shows whether all works, --json for
// machines, and --check to fail if a target is missed.
//
// # How speed is judged
//
// Every server is a process of its own on a unix socket and gets the same
// frames: Twrite and Tread of four bytes in turn, on one open file of every
// connection. A cell such as 64x16 is 64 connections with 16 requests in flight
// on each. Set-up is not timed.
//
// In each round every server runs once, in an order drawn anew, so that all of
// them see the same noise of the machine. Runs are short and many: on which
// cores the scheduler puts a client and its server makes several times the
// difference that is looked for, and lasts about as long as a run.
//
// The ratio that counts is the median over the rounds of a server's rate by
// that of the echo server in the same round. A second copy of the echo server,
// the twin, shows how far such a ratio strays by itself. CPU time an operation
// is the server's own, user and system.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := newApp(os.Stdout, os.Stderr).RunContext(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
