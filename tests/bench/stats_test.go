package main

import (
	"maps"
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1}, 5},
		{[]float64{3, 100, 1}, 3},
		{[]float64{4, 1, 3, 100}, 3.5},
	} {
		before := slices.Clone(test.values)
		if got := median(test.values); got != test.want {
			t.Errorf("median of %v is %v, want %v", test.values, got, test.want)
		}
		if !slices.Equal(test.values, before) {
			t.Errorf("median changed %v to %v", before, test.values)
		}
	}
}

func TestRatiosCompareTheSameRound(t *testing.T) {
	samples := [][]sample{
		{{rate: 100, cpu: 1}, {rate: 10, cpu: 2}, {rate: 1000, cpu: 4}},
		{{rate: 90, cpu: 2}, {rate: 11, cpu: 3}, {rate: 500, cpu: 4}},
	}
	r := summarise("1x64", []turn{{name: baseline}, {name: ours}}, samples)
	got, ok := r.server(ours)
	if !ok {
		t.Fatal("no result for fullex")
	}
	if got.Ratio != 0.9 || got.RatioMin != 0.5 || got.RatioMax != 1.1 || got.CPURatio != 1.5 || got.RatioOfMedians != 0.9 {
		t.Errorf("got %+v", got)
	}
}

func TestMissesNameEachTarget(t *testing.T) {
	good := serverResult{Name: ours, Rate: 2000, Ratio: 0.9, CPURatio: 1.25}
	slow, costly := good, good
	slow.Ratio, costly.CPURatio = 0.89, 1.26
	for _, test := range []struct {
		name    string
		ours    serverResult
		diod    float64
		bench   float64
		cell    string
		misses  int
		because string
	}{
		{"all met", good, 100, 80, "1x64", 0, "at the limits"},
		{"slow", slow, 100, 80, "1x64", 1, "the rate"},
		{"costly", costly, 100, 80, "1x64", 1, "CPU time"},
		{"near diod", good, 101, 80, "1x64", 1, "the rate of diod"},
		{"near diod elsewhere", good, 1000, 80, "1x16", 0, "diod counts in one cell"},
		{"fullex bench is slow", good, 100, 79, "1x64", 1, "the command"},
		{"fullex bench is slow elsewhere", good, 100, 10, "1x16", 0, "the command counts in one cell"},
		{"a cell without a target", slow, 100, 80, "3x3", 0, "only CPU time counts there"},
	} {
		bench := serverResult{Name: command, Rates: []float64{test.bench}}
		test.ours.Rates = []float64{100}
		r := cellResult{Cell: test.cell, Servers: []serverResult{{Name: baseline}, test.ours, bench, {Name: "diod", Rate: test.diod}}}
		if got := speedMisses([]cellResult{r}); len(got) != test.misses {
			t.Errorf("%s: %d misses, want %d (%s): %v", test.name, len(got), test.misses, test.because, got)
		}
	}
}

// fuseResult returns a cell whose mounts have the rate 100, or that of others.
func fuseResult(processes string, others map[string]float64) cellResult {
	r := cellResult{Cell: processes}
	for _, name := range []string{bareMount, twinMount, cMount, embeddedMount, unixMount, echoTrip} {
		rate, ok := others[name]
		if !ok {
			rate = 100
		}
		r.Servers = append(r.Servers, serverResult{Name: name, Ratio: rate / 100, Rates: []float64{rate, rate, rate}})
	}
	return r
}

func TestMissesOfMountsNameEachTarget(t *testing.T) {
	good := map[string]float64{embeddedMount: 95, cMount: 105, unixMount: 44}
	with := func(name string, rate float64) map[string]float64 {
		changed := maps.Clone(good)
		changed[name] = rate
		return changed
	}
	for name, test := range map[string]struct {
		processes string
		rates     map[string]float64
		misses    int
	}{
		"all met":                    {"1", good, 0},
		"slower than bare":           {"1", with(embeddedMount, 94), 2},
		"slower than bare with many": {"8", with(embeddedMount, 94), 2},
		"slower than C":              {"8", with(cMount, 106), 1},
		"unix is slow":               {"1", with(unixMount, 43), 1},
		"unix is slow with many":     {"8", with(unixMount, 43), 0},
	} {
		if got := fuseMisses([]cellResult{fuseResult(test.processes, test.rates)}); len(got) != test.misses {
			t.Errorf("%s: %d misses, want %d: %v", name, len(got), test.misses, got)
		}
	}
	without := fuseResult("1", good)
	without.Servers = slices.DeleteFunc(without.Servers, func(s serverResult) bool { return s.Name == cMount })
	if got := fuseMisses([]cellResult{without}); len(got) != 0 {
		t.Errorf("without the file in C: %v", got)
	}
}

func TestMissesOfTraceNameEachWay(t *testing.T) {
	r := cellResult{Cell: "1x1", Servers: []serverResult{{Name: direct, Ratio: 1}, {Name: "text", Ratio: 0.25}, {Name: "json", Ratio: 0.24}}}
	if got := traceMisses([]cellResult{r}); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}
