package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// benchReport has the fields of bench --json that the tests read.
type benchReport struct {
	Results []struct {
		Target  string
		Elapsed float64 `json:"elapsed_s"`
		Ops     int64
		Rate    float64 `json:"ops_per_s"`
		Missed  int64
		Latency map[string]int64 `json:"latency_ns"`
		Kinds   map[string]struct {
			Ops, Refused int64
			Latency      map[string]int64 `json:"latency_ns"`
		}
		Distribution []struct {
			From  int64 `json:"from_ns"`
			To    int64 `json:"to_ns"`
			Count int64
		}
	}
	Compare *struct {
		Rate struct{ Median, Min, Max float64 } `json:"ops_per_s"`
	}
}

func benchJSON(t *testing.T, args ...string) benchReport {
	t.Helper()
	out, errs, err := run("", append([]string{"bench", "--json"}, args...)...)
	require.NoError(t, err)
	assert.Empty(t, errs, "progress is shown only on a terminal")
	var r benchReport
	require.NoError(t, json.Unmarshal([]byte(out), &r), out)
	for _, result := range r.Results {
		assert.Positive(t, result.Ops)
		assert.InEpsilon(t, float64(result.Ops)/result.Elapsed, result.Rate, 0.01)
		ordered(t, result.Latency)
		byKind, byBar := int64(0), int64(0)
		for _, kind := range result.Kinds {
			byKind += kind.Ops
			assert.LessOrEqual(t, kind.Refused, kind.Ops)
			ordered(t, kind.Latency)
		}
		for i, bar := range result.Distribution {
			byBar += bar.Count
			assert.Less(t, bar.From, bar.To)
			assert.True(t, i == 0 || result.Distribution[i-1].To == bar.From, "no gaps")
		}
		assert.Equal(t, result.Ops, byKind)
		assert.Equal(t, result.Ops, byBar)
	}
	return r
}

func ordered(t *testing.T, latency map[string]int64) {
	t.Helper()
	last := int64(0)
	for _, name := range []string{"min", "p50", "p90", "p99", "p99_9", "max"} {
		value, ok := latency[name]
		require.True(t, ok, name)
		assert.LessOrEqual(t, last, value, name)
		last = value
	}
	assert.LessOrEqual(t, latency["min"], latency["mean"]+1)
	assert.LessOrEqual(t, latency["mean"], latency["max"])
}

func TestBenchNumbersAreConsistent(t *testing.T) {
	server, srv := serveHere(t)
	for _, args := range [][]string{
		{},
		{"--depth", "8", "--conns", "2"},
		{"--mix", "0:0:1"},
		{"--depth", "3", "--mix", "5:4:1"},
		{"--file", "full_ex", "--mix", "2:2:1"},
	} {
		r := benchJSON(t, append(append([]string{"--duration", "60ms"}, args...), server)...)
		assert.Len(t, r.Results, 1)
		assert.Nil(t, r.Compare)
	}
	assert.Zero(t, srv.Kernel.Sessions())
}

func TestBenchCountsOnlyOperationsOfTheMix(t *testing.T) {
	server, _ := serveHere(t)
	kinds := benchJSON(t, "--duration", "60ms", "--mix", "1:0:0", server).Results[0].Kinds
	assert.Zero(t, kinds["read"].Ops)
	assert.Zero(t, kinds["open"].Ops)
	assert.Positive(t, kinds["write"].Refused, "the deque is full after 50")
	assert.Equal(t, int64(50), kinds["write"].Ops-kinds["write"].Refused)
}

// TestBenchKeepsItsRate allows a lower rate than asked for, as on a busy machine, but never
// a higher one.
func TestBenchKeepsItsRate(t *testing.T) {
	server, _ := serveHere(t)
	const due = 100 // 500 a second, 200 ms
	r := benchJSON(t, "--duration", "200ms", "--rate", "500", "--depth", "4", server).Results[0]
	assert.LessOrEqual(t, r.Ops+r.Missed, int64(due))
	assert.GreaterOrEqual(t, r.Ops+r.Missed, int64(due-1))
	assert.Greater(t, r.Ops, int64(due/4))
}

// TestBenchCountsLatencyFromTheDueTime asks for far more than there can be. All latencies
// together then exceed the elapsed time by far, because most operations wait for others.
// Counted from their begin they could not: only one operation at a time is in flight.
func TestBenchCountsLatencyFromTheDueTime(t *testing.T) {
	server, _ := serveHere(t)
	r := benchJSON(t, "--duration", "200ms", "--rate", "10000000", server).Results[0]
	assert.Positive(t, r.Missed)
	assert.Greater(t, float64(r.Latency["mean"])*float64(r.Ops), 2e9*r.Elapsed)
}

func TestBenchAlternatesBetweenTwoTargets(t *testing.T) {
	server, _ := serveHere(t)
	other, _ := serveHere(t)
	r := benchJSON(t, "--duration", "100ms", "--turn", "20ms", "--compare", other, server)
	require.Len(t, r.Results, 2)
	assert.Equal(t, []string{server, other}, []string{r.Results[0].Target, r.Results[1].Target})
	require.NotNil(t, r.Compare)
	assert.Positive(t, r.Compare.Rate.Min)
	assert.LessOrEqual(t, r.Compare.Rate.Min, r.Compare.Rate.Median)
	assert.LessOrEqual(t, r.Compare.Rate.Median, r.Compare.Rate.Max)
}

func TestBenchAtAPath(t *testing.T) {
	path := t.TempDir() + "/file" // accepts any write and is never full
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	r := benchJSON(t, "--duration", "40ms", "--depth", "2", "--mix", "0:0:1", path)
	assert.Positive(t, r.Results[0].Kinds["open"].Ops)
}
