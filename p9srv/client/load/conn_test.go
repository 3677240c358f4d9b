package load_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/client/load"
)

func TestEveryOperationIsCountedAndChecked(t *testing.T) {
	for name, test := range map[string]struct {
		depth, sessions int
		mix             load.Mix
		kinds           []load.Kind // that must occur
	}{
		"one at a time":              {1, 1, load.Mix{}, []load.Kind{load.Write, load.Read}},
		"many in one session":        {64, 1, load.Mix{}, []load.Kind{load.Write, load.Read}},
		"many in some sessions":      {64, 3, load.Mix{2, 3, 0}, []load.Kind{load.Write, load.Read}},
		"a session for each slot":    {64, 64, load.Mix{1, 1, 0}, []load.Kind{load.Write, load.Read}},
		"all kinds":                  {9, 9, load.Mix{5, 4, 1}, load.Kinds},
		"opens only":                 {9, 0, load.Mix{0, 0, 1}, []load.Kind{load.Open}},
		"the deque is full or empty": {64, 1, load.Mix{1, 20, 0}, []load.Kind{load.Write, load.Read}},
	} {
		t.Run(name, func(t *testing.T) {
			srv, seen := &p9srv.Server{}, new(counts)
			c := opened(t, serve(t, srv), as(test.depth, test.sessions, load.Half, test.mix, seen))
			assert.EqualValues(t, test.sessions, srv.Kernel.Sessions())
			var ops int64
			for range 3 {
				r := run(t, load.Options{Length: short}, c)
				assert.Positive(t, r.Ops)
				assert.GreaterOrEqual(t, r.Elapsed, short)
				assert.InEpsilon(t, float64(r.Ops)/r.Elapsed.Seconds(), r.Rate(), 1e-9)
				assert.Zero(t, r.Missed)
				ops += r.Ops
			}
			assert.Equal(t, ops, c.Done())
			assert.Equal(t, ops, seen.total())
			for _, k := range load.Kinds {
				assert.Equal(t, slices.Contains(test.kinds, k), seen.done[k] > 0, k.String())
			}
			require.NoError(t, c.Close())
			assert.Zero(t, srv.Kernel.Sessions())
		})
	}
}

func TestRefusalsAreExpected(t *testing.T) {
	seen := new(counts)
	c := opened(t, serve(t, &p9srv.Server{}), as(4, 1, load.Half, load.Mix{1, 0, 0}, seen))
	r := run(t, load.Options{Length: time.Minute, Each: 1000}, c)
	assert.EqualValues(t, 1000, r.Ops, "the number ends the run")
	assert.EqualValues(t, 1000, seen.done[load.Write])
	assert.EqualValues(t, load.Capacity-load.Half, seen.done[load.Write]-seen.refused[load.Write])
	require.NoError(t, c.Close())

	seen = new(counts)
	config := as(1, 1, load.Half, load.Mix{0, 0, 1}, seen)
	config.Path = []string{"full_ex"} // a client may have it open once
	srv := &p9srv.Server{}
	c = opened(t, serve(t, srv), config)
	run(t, load.Options{Length: time.Minute, Each: 50}, c)
	assert.EqualValues(t, 50, seen.refused[load.Open])
	require.NoError(t, c.Close())
}

func TestOpensUseOpenPath(t *testing.T) {
	srv, n := &p9srv.Server{}, 0
	config := as(3, 1, 0, load.Mix{0, 0, 1}, nil)
	config.Initialise = true
	config.OpenPath = func() []string {
		n++
		return []string{"pid", string(rune('1' + n%9)), "full_ex"}
	}
	c := opened(t, serve(t, srv), config)
	run(t, load.Options{Length: time.Minute, Each: 100}, c)
	assert.Equal(t, 100, n)
	require.NoError(t, c.Close())

	config.OpenPath = func() []string { return []string{"each", "nosuch"} }
	c = opened(t, serve(t, &p9srv.Server{}), config)
	_, err := load.Run(t.Context(), []load.Worker{c}, load.Options{Length: time.Minute})
	assert.EqualError(t, err, "open: no such file or directory")
	require.NoError(t, c.Close())
}

func TestSessionsThatCannotBeOpened(t *testing.T) {
	config := as(2, 2, load.Half, load.Mix{}, nil)
	config.Path = []string{"full_ex"}
	srv := &p9srv.Server{}
	_, err := open(t, serve(t, srv), config)
	assert.EqualError(t, err, "open /full_ex: permission denied")
	config.Path = []string{"minimal_proc_lkm"}
	c, err := open(t, serve(t, &p9srv.Server{}), config)
	require.NoError(t, err, "this device accepts every write")
	_, err = load.Run(t.Context(), []load.Worker{c}, load.Options{Length: time.Minute})
	assert.EqualError(t, err, "read: input/output error")
	require.NoError(t, c.Close())
}

func TestManyConnectionsAtATime(t *testing.T) {
	srv := &p9srv.Server{}
	connect := listen(t, srv)
	var conns []load.Worker
	for range 50 {
		conns = append(conns, opened(t, connect(), as(4, 1, load.Half, load.Mix{}, nil)))
	}
	r := run(t, load.Options{Length: short}, conns...)
	assert.Positive(t, r.Ops)
	for _, c := range conns {
		assert.Positive(t, c.Done())
	}
	require.NoError(t, load.Close(conns))
	assert.Zero(t, srv.Kernel.Sessions())
}
