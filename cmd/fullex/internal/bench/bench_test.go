package bench

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client/load"
)

// resultOf returns a result with one operation of each latency, in one second.
func resultOf(latencies ...time.Duration) *Result {
	r, recorder := NewResult(), newRecorder()
	for _, d := range latencies {
		recorder.Record(load.Read, d, false, 1)
	}
	recorder.moveTo(r)
	r.Elapsed = time.Second
	return r
}

func TestPercentilesAreExactToThreeDigits(t *testing.T) {
	var latencies []time.Duration
	for i := range 1000 {
		latencies = append(latencies, time.Duration(i+1)*time.Microsecond)
	}
	l := resultOf(latencies...).Latencies()
	for want, got := range map[time.Duration]time.Duration{
		time.Microsecond: l.Min, 500 * time.Microsecond: l.P50, 900 * time.Microsecond: l.P90,
		990 * time.Microsecond: l.P99, 999 * time.Microsecond: l.P999, 1000 * time.Microsecond: l.Max,
	} {
		assert.InEpsilon(t, float64(want), float64(got), 0.002)
	}
}

func TestResultsAddUp(t *testing.T) {
	r := resultOf(1, 2, 3)
	r.Add(resultOf(time.Hour))
	assert.Equal(t, int64(4), r.Total())
	assert.Equal(t, int64(1), r.Overlong)
	assert.InDelta(t, 2, r.Rate(), 0.001)
	assert.Equal(t, Latency{}, NewResult().Latencies())
	assert.Zero(t, NewResult().Rate())
}

func TestBarsHaveNoGaps(t *testing.T) {
	bars := resultOf(100, 130, 1000, 1000).Bars()
	assert.Equal(t, []Bar{{64, 128, 1}, {128, 256, 1}, {256, 512, 0}, {512, 1024, 2}}, bars)
	assert.Empty(t, NewResult().Bars())
}

func TestTableOfAnEmptyResultHasNoNaN(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, NewResult().WriteTable(&out, "x"))
	assert.NotContains(t, out.String(), "NaN")
}

func TestSpread(t *testing.T) {
	assert.Equal(t, Spread{2, 1, 3}, spreadOf([]float64{3, 1, 2}))
	assert.Equal(t, Spread{2.5, 1, 4}, spreadOf([]float64{3, 1, 2, 4}))
	assert.Equal(t, Spread{}, spreadOf(nil))
}

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		5: "5ns", 1500: "1.5us", 999_999: "999us", 25_000_000: "25ms", 3 * time.Second: "3s",
	} {
		assert.Equal(t, want, durationText(d))
	}
}
