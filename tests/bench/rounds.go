package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/p9srv/client/load"
	"fullex/tests/bench/process"
)

// rounds is the number of rounds, in which each thing has one turn, and the length of a turn.
type rounds struct {
	n      int
	length time.Duration
}

// roundsFrom returns the rounds of the flags.
func roundsFrom(c *cli.Context) rounds {
	if c.Bool("quick") {
		return rounds{3, 20 * time.Millisecond}
	}
	return rounds{c.Int("runs"), c.Duration("time")}
}

// check refuses rounds in which nothing happens.
func (r rounds) check() error {
	if r.n < 1 || r.length <= 0 {
		return errors.New("--runs and --time: want values above 0")
	}
	return nil
}

// sample is the result of one turn.
type sample struct {
	rate float64 // operations a second
	cpu  float64 // of the server, in microseconds an operation
}

// time returns the time of an operation, on average over the turn, in microseconds.
func (s sample) time() float64 { return 1e6 / s.rate }

// turn is one of the things that are compared. take measures it for a time.
type turn struct {
	name string
	take func(context.Context, time.Duration) (sample, error)
}

// take runs all turns in each round, in random order, and returns the samples of each. One
// more round comes first, to warm up.
func (r rounds) take(ctx context.Context, turns []turn) ([][]sample, error) {
	samples := make([][]sample, len(turns))
	for round := range r.n + 1 {
		for _, i := range rand.Perm(len(turns)) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			s, err := turns[i].take(ctx, r.length)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", turns[i].name, err)
			}
			if round > 0 {
				samples[i] = append(samples[i], s)
			}
		}
	}
	return samples, nil
}

// loaded returns a turn of connections to a server. Its processor time is that of the
// processes.
func loaded(name string, conns []load.Worker, of ...*process.Process) turn {
	return turn{name, func(ctx context.Context, length time.Duration) (sample, error) {
		return costing(of, func() (float64, int, error) {
			r, err := load.Run(ctx, conns, load.Options{Length: length})
			return r.Rate(), int(r.Ops), err
		})
	}}
}

// costing returns a sample of run: its rate, and the processor time of the processes
// meanwhile, divided by the number of operations.
func costing(of []*process.Process, run func() (rate float64, ops int, err error)) (sample, error) {
	before, err := cpuOf(of)
	if err != nil {
		return sample{}, err
	}
	rate, ops, err := run()
	if err != nil {
		return sample{}, err
	}
	after, err := cpuOf(of)
	if err != nil {
		return sample{}, err
	}
	return sample{rate, microseconds(after-before) / float64(ops)}, nil
}

func cpuOf(processes []*process.Process) (sum time.Duration, err error) {
	for _, p := range processes {
		t, err := p.CPU()
		if err != nil {
			return 0, err
		}
		sum += t
	}
	return sum, nil
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
