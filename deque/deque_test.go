package deque

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/contract"
)

func TestNewAcceptsCapacitiesFrom1To100(t *testing.T) {
	for capacity := -1; capacity <= 300; capacity++ {
		d, err := New(capacity)
		if capacity < 1 || capacity > 100 {
			assert.ErrorIs(t, err, ErrCapacity, "capacity %d", capacity)
			assert.Nil(t, d, "capacity %d", capacity)
			continue
		}
		require.NoError(t, err, "capacity %d", capacity)
		assert.Equal(t, capacity, d.Cap())
		assert.Zero(t, d.Len())
	}
}

func TestPopsReturnTheLeftmostValueFirst(t *testing.T) {
	tests := []struct {
		name     string
		capacity int
		left     []int32 // pushed left, in this order
		right    []int32 // pushed right afterwards, in this order
		want     []int32 // leftmost first
	}{
		{"nothing", 3, nil, nil, nil},
		{"left pushes reverse the order", 3, []int32{1, 3, 5}, nil, []int32{5, 3, 1}},
		{"right pushes keep the order", 3, nil, []int32{2, 4, 6}, []int32{2, 4, 6}},
		{"pushes at both ends", 4, []int32{1, 3}, []int32{2, 4}, []int32{3, 1, 2, 4}},
		{"capacity one", 1, []int32{7}, nil, []int32{7}},
		{"smallest and largest int32", 2, []int32{-1 << 31}, []int32{1<<31 - 1}, []int32{-1 << 31, 1<<31 - 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := New(test.capacity)
			require.NoError(t, err)
			for _, v := range test.left {
				require.NoError(t, d.PushLeft(v))
			}
			for _, v := range test.right {
				require.NoError(t, d.PushRight(v))
			}
			assert.Equal(t, test.want, d.Append(nil))
			for _, want := range test.want {
				got, err := d.PopLeft()
				require.NoError(t, err)
				assert.Equal(t, want, got)
			}
			_, err = d.PopLeft()
			assert.ErrorIs(t, err, ErrEmpty)
		})
	}
}

func TestPushDoesNotChangeAFullDeque(t *testing.T) {
	d, err := New(2)
	require.NoError(t, err)
	require.NoError(t, d.PushRight(2))
	require.NoError(t, d.PushRight(4))
	assert.ErrorIs(t, d.PushLeft(1), ErrFull)
	assert.ErrorIs(t, d.PushRight(6), ErrFull)
	assert.Equal(t, []int32{2, 4}, d.Append(nil))
}

func TestZeroDequeHasNoRoom(t *testing.T) {
	var d Deque
	assert.ErrorIs(t, d.PushLeft(1), ErrFull)
	assert.ErrorIs(t, d.PushRight(2), ErrFull)
	_, err := d.PopLeft()
	assert.ErrorIs(t, err, ErrEmpty)
	assert.Zero(t, d.Cap())
}

// TestDequeBehavesLikeASlice makes long random runs at every capacity. After
// each call the deque must agree with a model that is a slice.
func TestDequeBehavesLikeASlice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for capacity := 1; capacity <= MaxCapacity; capacity++ {
		ops := make([]byte, 40*capacity)
		for i := range ops {
			ops[i] = byte(random.Uint32())
		}
		checkAgainstModel(t, capacity, ops)
	}
}

func FuzzDequeBehavesLikeASlice(f *testing.F) {
	f.Add(byte(1), []byte{0, 1, 2, 2})
	f.Add(byte(3), []byte{0, 0, 0, 0, 2, 1, 2, 1, 2, 2, 2})
	f.Add(byte(100), []byte("push and pop as the letters say"))
	f.Fuzz(func(t *testing.T, capacity byte, ops []byte) {
		checkAgainstModel(t, int(capacity)%MaxCapacity+1, ops)
	})
}

// checkAgainstModel runs one operation for each byte of ops, on a deque and on
// the contract's model. The model pushes odd values left and even values right.
func checkAgainstModel(t *testing.T, capacity int, ops []byte) {
	t.Helper()
	d, err := New(capacity)
	require.NoError(t, err)
	m := contract.Device{Model: contract.Model{Capacity: capacity}}
	for i, op := range ops {
		p := make([]byte, contract.ValueSize)
		switch v := 2 * int32(i); op % 3 {
		case 0:
			_, err = m.Write(binary.LittleEndian.AppendUint32(nil, uint32(v+1)))
			require.Equal(t, refusal(err, ErrFull), d.PushLeft(v+1), "call %d", i)
		case 1:
			_, err = m.Write(binary.LittleEndian.AppendUint32(nil, uint32(v)))
			require.Equal(t, refusal(err, ErrFull), d.PushRight(v), "call %d", i)
		case 2:
			_, err = m.Read(p)
			got, gotErr := d.PopLeft()
			require.Equal(t, refusal(err, ErrEmpty), gotErr, "call %d", i)
			require.EqualValues(t, binary.LittleEndian.Uint32(p), got, "call %d", i)
		}
		require.Equal(t, len(m.Values), d.Len(), "call %d", i)
		require.Equal(t, append([]int32{}, m.Values...), d.Append([]int32{}), "call %d", i)
	}
}

// refusal returns own, the deque's error, if the model returned an error.
func refusal(err, own error) error {
	if err == nil {
		return nil
	}
	return own
}

func TestPushesAndPopsDoNotAllocate(t *testing.T) {
	d, err := New(10)
	require.NoError(t, err)
	allocs := testing.AllocsPerRun(1000, func() {
		for v := range int32(5) {
			_ = d.PushLeft(v)
			_ = d.PushRight(v)
		}
		for range 10 {
			_, _ = d.PopLeft()
		}
	})
	assert.Zero(t, allocs)
}

func BenchmarkPushPop(b *testing.B) {
	d, err := New(MaxCapacity)
	require.NoError(b, err)
	for b.Loop() {
		_ = d.PushLeft(1)
		_ = d.PushRight(2)
		_, _ = d.PopLeft()
		_, _ = d.PopLeft()
	}
}
