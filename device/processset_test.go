package device

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProcessSetIsASortedMultiset(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, highest := range []uint32{50, 10_000, 4_194_303} {
		set, model := newProcessSet(), map[uint32]int{}
		for range 5000 {
			p := random.Uint32N(highest) + 1
			if model[p] > 0 && random.IntN(2) == 0 {
				set.add(p, -1)
				model[p]--
			} else {
				set.add(p, 1)
				model[p]++
			}
			if model[p] == 0 {
				delete(model, p)
			}
		}
		var listed []uint32
		for p, ok := set.next(0); ok; p, ok = set.next(p) {
			listed = append(listed, p)
		}
		require.Equal(t, slices.Sorted(maps.Keys(model)), listed)
		for p, n := range model {
			set.add(p, -n)
		}
		require.True(t, set.empty())
		require.Empty(t, set.pages)
		require.Empty(t, set.order)
	}
}
