package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"fullex/p9srv/client"
	"fullex/p9srv/client/load"
)

// attachFunc attaches to a directory of a server.
type attachFunc func(context.Context, *client.Conn) (*client.File, error)

// asSelf attaches to the root as the user who runs this.
func asSelf(ctx context.Context, k *client.Conn) (*client.File, error) { return k.AttachSelf(ctx) }

// usualMsize is the msize for connections where it does not matter, in bytes.
const usualMsize = 64 << 10

// dial connects to our server on a unix socket and opens sessions.
func dial(ctx context.Context, socket string, config load.Config) (*load.Conn, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	return open(ctx, conn, usualMsize, asSelf, config)
}

// open opens sessions on a connection, which the load.Conn owns from then on.
func open(ctx context.Context, conn net.Conn, msize uint32, attach attachFunc, config load.Config) (*load.Conn, error) {
	k, err := client.NewSize(ctx, conn, msize)
	if err != nil {
		return nil, err
	}
	root, err := attach(ctx, k)
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return load.New(ctx, k, root, config)
}

// each is the path of the device at which each open is a client of its own.
var each = []string{"each", "full_ex"}

// onlyOpens is a mix of opens and closes.
var onlyOpens = load.Mix{load.Open: 1}

// sessionsOf returns the load of a connection that has n devices open, all of them empty.
func sessionsOf(n int) load.Config { return load.Config{Path: each, Sessions: n, Depth: 1} }

// cyclesOf returns the load of a connection that opens, sets the capacity and closes, with
// depth such cycles in flight.
func cyclesOf(depth int) load.Config {
	return load.Config{Path: each, Depth: depth, Mix: onlyOpens, Initialise: true}
}

// do makes a number of operations on each connection.
func do(ctx context.Context, each int, conns ...load.Worker) error {
	r, err := load.Run(ctx, conns, load.Options{Length: time.Minute, Each: int64(each)})
	if want := int64(each * len(conns)); err == nil && r.Ops != want {
		return fmt.Errorf("only %d of %d operations came to an end", r.Ops, want)
	}
	return err
}
