package bench

import (
	"context"
	"slices"
	"time"
)

// Comparison is the result of Compare. The ratios are those of the second target to the
// first.
type Comparison struct {
	Results [2]*Result
	Rate    Spread // of operations a second
	P50     Spread // of the median latencies
	P99     Spread // of the 99th percentiles
}

// Spread describes the ratios of all rounds. A round is one turn of each target.
type Spread struct{ Median, Min, Max float64 }

// Compare loads two targets alternately, for turn at a time, until each was loaded for length
// or ctx ends. So other work of the machine affects both. The first target of a round
// alternates, too: the machine may be slower after a turn. With an error, Compare also
// returns what was measured before.
func Compare(ctx context.Context, subjects [2]*Subject, length, turn time.Duration) (*Comparison, error) {
	c := &Comparison{Results: [2]*Result{NewResult(), NewResult()}}
	var rates, p50s, p99s []float64
	rounds := max(int(length/turn), 1)
	for round := range rounds {
		var results [2]*Result
		for i := range subjects {
			which := (i + round) % 2
			r, err := subjects[which].Run(ctx, turn)
			if err != nil {
				return c, err
			}
			results[which] = r
		}
		if ctx.Err() != nil && round > 0 {
			break // the last turns were cut short
		}
		for i, r := range results {
			c.Results[i].Add(r)
		}
		first, second := results[0].Latencies(), results[1].Latencies()
		rates = appendRatio(rates, results[1].Rate(), results[0].Rate())
		p50s = appendRatio(p50s, float64(second.P50), float64(first.P50))
		p99s = appendRatio(p99s, float64(second.P99), float64(first.P99))
	}
	c.Rate, c.P50, c.P99 = spreadOf(rates), spreadOf(p50s), spreadOf(p99s)
	return c, nil
}

// appendRatio appends the ratio, unless no operations were made in one of the turns.
func appendRatio(ratios []float64, second, first float64) []float64 {
	if first == 0 || second == 0 {
		return ratios
	}
	return append(ratios, second/first)
}

func spreadOf(ratios []float64) Spread {
	if len(ratios) == 0 {
		return Spread{}
	}
	slices.Sort(ratios)
	n := len(ratios)
	return Spread{Median: (ratios[(n-1)/2] + ratios[n/2]) / 2, Min: ratios[0], Max: ratios[n-1]}
}
