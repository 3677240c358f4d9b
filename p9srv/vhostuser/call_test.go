//go:build linux

package vhostuser_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/vhostuser"
	"fullex/p9srv/vhostuser/vhosttest"
)

const (
	fewFeatures = 1<<32 | 1<<30 | 1   // no indirect tables, no event index
	noEventIdx  = fewFeatures | 1<<28 // indirect tables only
	noProtocol  = vhosttest.DefaultFeatures &^ (1 << 30)
)

// fronts are kinds of drivers and front-ends.
var fronts = map[string]vhosttest.Options{
	"QEMU":                {},
	"UML":                 {UML: true, QueueSize: 256},
	"direct":              {Direct: true, Features: fewFeatures},
	"direct, event index": {Direct: true},
	"no event index":      {Features: noEventIdx},
	"smallest ring":       {QueueSize: 2},
	"largest ring":        {QueueSize: 1024},
	"many parts":          {Split: 256},
	"many parts, direct":  {Split: 256, Direct: true},
}

func TestRequestsAreAnswered(t *testing.T) {
	for name, opt := range fronts {
		t.Run(name, func(t *testing.T) {
			_, f := connected(t, opt)
			works(t, f)
			for size := 1; size <= 4096; size = size*3 + 1 {
				want := bytes.Repeat([]byte{byte(size)}, size)
				answer, err := f.Call(want, 4096)
				require.NoError(t, err)
				require.Equal(t, want, answer)
			}
		})
	}
}

func TestManyRequestsInFlight(t *testing.T) {
	for name, opt := range fronts {
		t.Run(name, func(t *testing.T) {
			_, f := connected(t, opt)
			depth := 64
			switch {
			case opt.QueueSize == 2:
				depth = 2
			case opt.Split > 0:
				depth = 4
			}
			want := []byte("pipelined")
			// More than 65536 requests, so that all indices wrap around.
			require.NoError(t, f.Pipeline(depth, 70000, want, 20, func(answer []byte) error {
				if !bytes.Equal(answer, want) {
					return fmt.Errorf("answer %q", answer)
				}
				return nil
			}))
			works(t, f)
		})
	}
}

// TestRingStartsEnabledWithoutProtocolFeatures sends no SET_VRING_ENABLE (vhost-user.rst,
// "Ring states").
func TestRingStartsEnabledWithoutProtocolFeatures(t *testing.T) {
	_, f := newEcho(t, vhosttest.Options{})
	high := uint64(len(f.Memory())) - highStart
	for _, m := range []struct {
		request uint32
		payload []byte
		fds     []int
	}{
		{vhosttest.SetFeatures, vhosttest.U64(noProtocol), nil},
		{vhosttest.AddMemReg, vhosttest.Region(highStart, high, user+highStart, highStart), []int{f.MemoryFD()}},
		{vhosttest.SetVringNum, vhosttest.U32(0, 128), nil},
		{vhosttest.SetVringAddr, f.AddrPayload(), nil},
		{vhosttest.SetVringCall, vhosttest.U64(0), []int{f.CallFD()}},
		{vhosttest.SetVringKick, vhosttest.U64(0), []int{f.KickFD()}},
	} {
		require.NoError(t, f.Order(m.request, m.payload, m.fds...))
	}
	works(t, f)
}

func TestAnswerLargerThanItsRoomIsRefused(t *testing.T) {
	e, f := newIdle(t, vhosttest.Options{})
	require.NoError(t, f.Connect())
	require.NoError(t, f.Submit(3, []byte("request"), 5))
	require.NoError(t, f.Tell())
	buf := make([]byte, 100)
	r := e.next(t, buf)
	assert.Equal(t, "request", string(buf[:r.Size]))
	assert.Equal(t, 5, r.Room)
	require.ErrorIs(t, e.push(r.Chain, []byte("answer")), errRoom)
	require.NoError(t, e.push(r.Chain, []byte("short")))
	require.ErrorIs(t, e.push(r.Chain, []byte("again")), errReset)
	slot, answer, err := f.Answer()
	require.NoError(t, err)
	assert.Equal(t, 3, slot)
	assert.Equal(t, "short", string(answer))
}

func TestAnswersInAnyOrderAndOfNoBytes(t *testing.T) {
	e, f := newIdle(t, vhosttest.Options{})
	require.NoError(t, f.Connect())
	buf := make([]byte, 100)
	var taken [3]int
	for slot := range taken {
		require.NoError(t, f.Submit(slot, []byte{byte(slot)}, 10))
	}
	require.NoError(t, f.Tell())
	first := e.next(t, buf)
	second, ok := pollOne(e.conn, buf)
	require.True(t, ok)
	third, ok := pollOne(e.conn, buf)
	require.True(t, ok)
	require.Equal(t, byte(2), buf[0])
	_, ok = pollOne(e.conn, buf)
	require.False(t, ok)
	_, err := f.Interrupts()
	require.NoError(t, err)
	require.NoError(t, e.conn.Push(
		vhostuser.Answer{Chain: third.Chain, Bytes: []byte("3")},
		vhostuser.Answer{Chain: first.Chain},
		vhostuser.Answer{Chain: second.Chain, Bytes: []byte("2")},
	))
	for _, want := range []struct {
		slot   int
		answer string
	}{{2, "3"}, {0, ""}, {1, "2"}} {
		slot, answer, err := f.Answer()
		require.NoError(t, err)
		assert.Equal(t, want.slot, slot)
		assert.Equal(t, want.answer, string(answer))
	}
	n, err := f.Interrupts()
	require.NoError(t, err)
	assert.EqualValues(t, 1, n, "interrupts for three answers")
}

func TestLongRequests(t *testing.T) {
	e, f := newIdle(t, vhosttest.Options{})
	require.NoError(t, f.Connect())
	require.NoError(t, f.Submit(0, []byte("first"), 10))
	require.NoError(t, f.Submit(1, []byte("second"), 10))
	require.NoError(t, f.Tell())
	buf := make([]byte, 5)
	require.Equal(t, 5, e.next(t, buf).Size)
	_, ok := pollOne(e.conn, buf)
	require.False(t, ok, "Poll takes only a request that fits")
	r := e.next(t, buf)
	assert.Equal(t, 6, r.Size)
	assert.Equal(t, "secon", string(buf))
}

func TestRequestsAllocateNothing(t *testing.T) {
	_, f := connected(t, vhosttest.Options{})
	works(t, f)
	request := make([]byte, 64)
	allocs := testing.AllocsPerRun(1000, func() {
		if _, err := f.Call(request, 64); err != nil {
			t.Error(err)
		}
	})
	assert.Zero(t, allocs)
}

func BenchmarkCall(b *testing.B) {
	for _, depth := range []int{1, 64} {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			_, f := connected(b, vhosttest.Options{})
			request := make([]byte, 23)
			b.ReportAllocs()
			b.ResetTimer()
			if err := f.Pipeline(depth, b.N, request, 32, func([]byte) error { return nil }); err != nil {
				b.Fatal(err)
			}
		})
	}
}
