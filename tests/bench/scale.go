package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// scaleConfig is the flags of the scale measurement.
type scaleConfig struct {
	sessions int
	cycles   int
	rounds
}

func scaleConfigFrom(c *cli.Context) (scaleConfig, error) {
	config := scaleConfig{sessions: c.Int("sessions"), cycles: c.Int("cycles"), rounds: roundsFrom(c)}
	if c.Bool("quick") {
		config.sessions, config.cycles = 2000, 8000
	}
	if config.sessions < 1 || config.cycles < quarters {
		return config, fmt.Errorf("--sessions and --cycles: want at least 1 session and %d cycles", quarters)
	}
	if err := config.rounds.check(); err != nil {
		return config, err
	}
	if config.cycles > maxCycles {
		return config, fmt.Errorf("--cycles: want at most %d, the number of names pid/N", maxCycles)
	}
	return config, nil
}

// scaleResult is all that the subcommand measured.
type scaleResult struct {
	Live   []liveResult  `json:"live"`
	Cycles []cycleResult `json:"cycles"`
}

// run implements measurement.
func (config scaleConfig) run(ctx context.Context, w *workspace, text io.Writer) (report, error) {
	var result scaleResult
	var err error
	if result.Live, err = config.measureLive(ctx, w, text); err != nil {
		return report{}, fmt.Errorf("live sessions: %w", err)
	}
	if result.Cycles, err = config.measureCycles(ctx, w, text); err != nil {
		return report{}, err
	}
	return report{Results: result, Missed: result.misses()}, nil
}

func (r scaleResult) misses() []string {
	var misses []string
	for _, live := range r.Live {
		if live.Ratio > maxLiveRatio {
			misses = append(misses, fmt.Sprintf("%s: with many live sessions %.2f times as long as with few, want at most %.2f", live.What, live.Ratio, maxLiveRatio))
		}
	}
	for _, cycles := range r.Cycles {
		if growth := cycles.growth(); growth > maxGrowthKiB {
			misses = append(misses, fmt.Sprintf("%s: memory grew by %d KiB after the first quarter, want at most %d", cycles.What, growth, maxGrowthKiB))
		}
	}
	return misses
}
