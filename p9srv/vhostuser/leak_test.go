//go:build linux

package vhostuser_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/vhostuser"
	"fullex/p9srv/vhostuser/vhosttest"
)

// resources are what this process uses and a connection could forget to free.
type resources struct{ fds, goroutines, mappings int }

func inUse(t *testing.T) resources {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	return resources{len(fds), runtime.NumGoroutine(), strings.Count(string(maps), "/memfd:")}
}

// settled returns inUse when it no longer changes. Goroutines may end a little later than the
// calls that wait for them.
func settled(t *testing.T) resources {
	t.Helper()
	const readings = 100
	last := inUse(t)
	for same := 0; same < readings; same++ {
		runtime.Gosched()
		if now := inUse(t); now != last {
			last, same = now, -1
		}
	}
	return last
}

func TestEndedConnectionsLeaveNoResources(t *testing.T) {
	ends := []func(e *echo, f *vhosttest.Front) error{
		func(_ *echo, f *vhosttest.Front) error { return f.Close() },
		func(e *echo, _ *vhosttest.Front) error { return e.conn.Close() },
		func(_ *echo, f *vhosttest.Front) error { return f.Stop() },
		func(_ *echo, f *vhosttest.Front) error { return f.Offer(500) },
		func(_ *echo, f *vhosttest.Front) error {
			return f.SendRaw(vhosttest.U32(1, 2, 0), f.KickFD(), f.ErrFD())
		},
		func(_ *echo, f *vhosttest.Front) error { return f.SendRaw([]byte{1}, f.KickFD()) },
		func(_ *echo, f *vhosttest.Front) error { return f.Realize() },
	}
	// Enough for one connection: the next one needs what the last one gave back.
	budget := vhostuser.NewBudget(vhostuser.Resources{Mappings: 2, Bytes: 1 << 30, Descriptors: connFDs + 5})
	once := func(i int) {
		// A subtest, so that its clean-up runs at its end.
		t.Run("", func(t *testing.T) {
			e, f := newEchoOf(t, vhostuser.Device{Budget: budget}, vhosttest.Options{UML: i%2 == 1, QueueSize: 256})
			require.NoError(t, f.Connect())
			works(t, f)
			strayDescriptors(t, f)
			require.NoError(t, f.Reset())
			works(t, f)
			require.NoError(t, ends[i%len(ends)](e, f))
		})
	}
	once(0) // creates the runtime's poller
	before := settled(t)
	for i := range 50 {
		once(i)
	}
	// Goroutines may end a little later than the calls that wait for them.
	after := inUse(t)
	for end := time.Now().Add(vhosttest.Patience); after != before && time.Now().Before(end); after = inUse(t) {
		runtime.Gosched()
	}
	assert.Equal(t, before, after)
}

// strayDescriptors sends descriptors with messages that do not need them, and descriptors
// that replace others.
func strayDescriptors(t *testing.T, f *vhosttest.Front) {
	t.Helper()
	kick, memory := f.KickFD(), f.MemoryFD()
	require.NoError(t, f.Order(vhosttest.SetOwner, nil, kick, kick, memory))
	require.NoError(t, f.Send(vhosttest.GetFeatures, vhosttest.Version, nil, kick))
	_, err := f.Receive()
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, f.Order(vhosttest.SetVringKick, vhosttest.U64(0), kick))
		require.NoError(t, f.Order(vhosttest.SetVringCall, vhosttest.U64(1<<8)))
		require.NoError(t, f.Order(vhosttest.SetVringCall, vhosttest.U64(0), f.CallFD()))
		require.NoError(t, f.Order(vhosttest.SetVringErr, vhosttest.U64(0), f.ErrFD()))
		require.NoError(t, f.Order(vhosttest.SetBackendReqFD, nil, f.BackendFD()))
	}
	works(t, f)
	for _, request := range []uint32{vhosttest.SetVringKick, vhosttest.SetVringCall, vhosttest.AddMemReg, vhosttest.SetMemTable, 99} {
		require.ErrorIs(t, f.Order(request, make([]byte, 8), memory), vhosttest.ErrRefused)
		require.ErrorIs(t, f.Order(request, nil, kick, memory), vhosttest.ErrRefused)
	}
}

func TestCloseTwiceAndAtTheSameTime(t *testing.T) {
	e, f := connected(t, vhosttest.Options{})
	works(t, f)
	done := make(chan error)
	for range 4 {
		go func() { done <- e.conn.Close() }()
	}
	for range 4 {
		require.NoError(t, <-done)
	}
	require.NoError(t, e.conn.Wait())
}

// TestCloseWhileAReplyIsStuck closes a connection whose front-end does not read its replies.
func TestCloseWhileAReplyIsStuck(t *testing.T) {
	e, f := newEcho(t, vhosttest.Options{})
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		request := append(vhosttest.U32(vhosttest.GetConfig, 1, 12), vhosttest.U32(0, 4000, 0)...)
		for f.SendRaw(request) == nil {
		}
	}()
	time.AfterFunc(50*time.Millisecond, func() { _ = e.conn.Close() })
	require.NoError(t, e.conn.Wait())
	<-sent
}

func TestTwoMachines(t *testing.T) {
	_, first := connected(t, vhosttest.Options{})
	_, second := connected(t, vhosttest.Options{})
	works(t, first)
	works(t, second)
	require.NoError(t, first.Close())
	works(t, second)
}

func TestDevicesWithoutALog(t *testing.T) {
	for _, c := range []struct{ max, allowed int }{{0, 1024}, {1, 1}, {100, 64}, {128, 128}, {1 << 20, 32768}} {
		front, back, err := vhosttest.Pair()
		require.NoError(t, err)
		conn, err := (&vhostuser.Device{MaxQueueSize: c.max, Features: 1<<32 - 1}).NewConn(back)
		require.NoError(t, err)
		f, err := vhosttest.New(front, vhosttest.Options{})
		require.NoError(t, err)
		features, err := f.Ask(vhosttest.GetFeatures, nil)
		require.NoError(t, err)
		assert.Equal(t, vhosttest.U64(1<<32|7<<28|(1<<24-1)), features)
		require.NoError(t, f.Order(vhosttest.SetVringNum, vhosttest.U32(0, uint32(c.allowed))))
		require.ErrorIs(t, f.Order(vhosttest.SetVringNum, vhosttest.U32(0, uint32(2*c.allowed))), vhosttest.ErrRefused)
		require.NoError(t, conn.Close())
		require.NoError(t, f.Close())
	}
}
