package load_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/client/load"
)

// TestRateIsKept allows a slower rate, for a busy machine, but not a faster one.
func TestRateIsKept(t *testing.T) {
	seen := new(counts)
	conns := []load.Worker{
		opened(t, serve(t, &p9srv.Server{}), as(2, 2, load.Half, load.Mix{1, 1, 0}, seen)),
		opened(t, serve(t, &p9srv.Server{}), as(2, 2, load.Half, load.Mix{1, 1, 0}, seen)),
	}
	for range 2 {
		r := run(t, load.Options{Length: 200 * time.Millisecond, Rate: 500}, conns...)
		assert.LessOrEqual(t, r.Ops, int64(100))
		assert.EqualValues(t, 100, r.Ops+r.Missed)
		assert.Greater(t, r.Ops, int64(25))
	}
	require.NoError(t, load.Close(conns))
}

// TestLatencyCountsFromTheDueTime asks for a rate that cannot be reached. All operations that
// are made were due near the start, so the median latency is about half of the run.
func TestLatencyCountsFromTheDueTime(t *testing.T) {
	seen := new(counts)
	c := opened(t, serve(t, &p9srv.Server{}), as(1, 1, load.Half, load.Mix{}, seen))
	r := run(t, load.Options{Length: 200 * time.Millisecond, Rate: 10_000_000}, c)
	assert.Positive(t, r.Missed)
	assert.InDelta(t, 100*time.Millisecond, seen.median(), float64(50*time.Millisecond))
	require.NoError(t, c.Close())
}
