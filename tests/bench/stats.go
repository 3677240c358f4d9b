package main

import "slices"

// median returns the middle of at least one value.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// ratios divides values by those of a baseline, one by one.
func ratios(values, base []float64) []float64 {
	r := make([]float64, len(values))
	for i := range values {
		r[i] = values[i] / base[i]
	}
	return r
}

// pick returns one number of each sample.
func pick[S any](samples []S, number func(S) float64) []float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = number(s)
	}
	return values
}
