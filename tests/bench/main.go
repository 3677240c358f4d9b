// Command bench measures the server against servers that do nothing.
//
//	go run ./tests/bench           speed, side by side with echo servers and diod
//	go run ./tests/bench memory    what an idle connection costs
//	go run ./tests/bench scale     many sessions, and many opens and closes
//	go run ./tests/bench fuse      FUSE mounts beside files that do nothing
//	go run ./tests/bench trace     connections through fullex trace
//	go run ./tests/bench upgrade   upgrades in place, under load
//	go run ./tests/bench guests    the ways into guests in QEMU
//	go run ./tests/bench --write   all of these, into RESULTS.md beside this file
//
// Each takes --quick for a small run that shows whether all works, --json for
// programs, and --check to fail if a target is missed; targets.go has the targets.
//
// # How speed is judged
//
// Every server is a process of its own on a unix socket and gets the same
// operations. Pushes and pops of four bytes alternate on one open file of every
// connection, and all results are compared. A cell such as 64x16 is 64 connections
// with 16 operations in flight on each. In one with :open an operation is an open and
// close, three requests one after the other. Set-up is not timed. Package
// p9srv/client/load makes the load, as it does for fullex bench.
//
// In each round each thing that is compared has one turn. The order is random, so
// that all see the same noise of the machine. Turns are short and many: the cores
// that the scheduler chooses for a client and its server matter several times more
// than the difference that is looked for, and the choice lasts about one turn.
//
// The ratio that counts divides a server's rate by that of the first one, the echo
// server or the bare file, in the same round. It is the median over the rounds. A
// second copy of the first one, the twin, shows how far such a ratio strays by
// itself. CPU time an operation is the server's own, user and system. An epoll
// server and a file in C are stronger limits: what is possible without Go's runtime.
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
