package trace

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/wire"
)

// frameOf makes a message of any type with any body.
func frameOf(typ wire.Type, tag uint16, body ...byte) []byte {
	m := binary.LittleEndian.AppendUint32(nil, uint32(wire.HeadSize+len(body)))
	m = binary.LittleEndian.AppendUint16(append(m, byte(typ)), tag)
	return append(m, body...)
}

// cutAll cuts a stream, in pieces of the sizes that next returns. It returns the messages.
func cutAll(f *framer, stream []byte, next func() int) (found [][]byte) {
	for len(stream) > 0 {
		n := min(max(next(), 1), len(stream))
		f.cut(stream[:n], func(frame wire.Frame, _ uint32) { found = append(found, append([]byte(nil), frame...)) })
		stream = stream[n:]
	}
	return found
}

func TestMessagesAreTheSameHoweverTheStreamIsCut(t *testing.T) {
	var want [][]byte
	var stream []byte
	for i, size := range []int{0, 4, 70_000, 1, 0, 12, 300_000} {
		want = append(want, frameOf(wire.Type(i), uint16(i), make([]byte, size)...))
		stream = append(stream, want[i]...)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for name, next := range map[string]func() int{
		"at once":  func() int { return len(stream) },
		"by bytes": func() int { return 1 },
		"by heads": func() int { return wire.HeadSize },
		"random":   func() int { return random.IntN(20_000) },
	} {
		f := new(framer)
		assert.Equal(t, want, cutAll(f, stream, next), name)
		assert.Empty(t, f.part, name)
	}
}

func FuzzFramer(f *testing.F) {
	f.Add(append(frameOf(1, 2, 3, 4), frameOf(5, 6)...), uint64(1))
	f.Add([]byte{3, 0, 0, 0, 1, 2, 3, 4}, uint64(2))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, uint64(3))
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		whole, pieces := new(framer), new(framer)
		want := cutAll(whole, stream, func() int { return len(stream) })
		require.Equal(t, want, cutAll(pieces, stream, func() int { return random.IntN(9) }))
		require.Equal(t, whole.lost, pieces.lost)
		require.Equal(t, whole.skip, pieces.skip)
		require.LessOrEqual(t, len(pieces.part), len(stream))
	})
}

func TestOnlyTheHeadOfATooLargeMessageIsRead(t *testing.T) {
	large := frameOf(9, 9, make([]byte, maxFrame)...)
	stream := append(append([]byte(nil), large...), frameOf(1, 1)...)
	f := new(framer)
	found := cutAll(f, stream, func() int { return 100_000 })
	assert.Equal(t, [][]byte{large[:wire.HeadSize], frameOf(1, 1)}, found)
	assert.Less(t, cap(f.part), 200_000)
}

func TestAnImpossibleSizeEndsTheMessages(t *testing.T) {
	f := new(framer)
	found := cutAll(f, append(frameOf(1, 1), 6, 0, 0, 0, 1, 1, 0, 9, 0, 0, 0, 1, 1, 0, 0, 0), func() int { return 5 })
	assert.Equal(t, [][]byte{frameOf(1, 1)}, found)
	assert.True(t, f.lost)
}
