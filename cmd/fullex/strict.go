package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/p9srv"
	"fullex/p9srv/strict"
)

// strictFlag is a flag of commands that start a server.
func strictFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "strict", Usage: usage} }

// watch puts a watch around what answers a server's messages. The faults of the way stay
// around it: they change the order of replies, which the watch needs.
func watch(server *p9srv.Server) *strict.Watch {
	w, faults := new(strict.Watch), server.Layer
	server.Layer = func(p p9srv.Processor, way p9srv.Way) p9srv.Processor {
		p = w.Layer(p, way)
		if faults == nil {
			return p
		}
		return faults(p, way)
	}
	return w
}

// settleTime is how long run waits until the connections of its command have ended.
const settleTime = 400 * time.Millisecond

// settle waits until the clients have left, so that the watch has seen all that they sent.
func (s privateServer) settle() {
	if s.watch != nil {
		ctx, cancel := context.WithTimeout(context.Background(), settleTime)
		defer cancel()
		s.watch.Settle(ctx)
	}
}

// sins returns an error if a client broke rules.
func (s privateServer) sins() error {
	if s.watch == nil || s.watch.Sins() == 0 {
		return nil
	}
	return fmt.Errorf("run: clients broke rules of 9P (sins: %d)", s.watch.Sins())
}
