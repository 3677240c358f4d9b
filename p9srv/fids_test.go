package p9srv

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFIDTableBehavesLikeAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	ranges := []uint32{8, 100, 5000, 1 << 31}
	for range 50 {
		var table fids
		model := map[uint32]*fid{}
		for range 3000 {
			number := random.Uint32N(ranges[random.IntN(len(ranges))])
			if random.IntN(3) == 0 {
				table.remove(number)
				delete(model, number)
			} else {
				f := &fid{}
				table.put(number, f)
				model[number] = f
			}
			require.Equal(t, len(model), table.n)
			require.Same(t, model[number], table.get(number))
		}
		seen := 0
		table.each(func(uint32, *fid) { seen++ })
		require.Equal(t, len(model), seen)
		for number, f := range model {
			require.Same(t, f, table.get(number))
		}
	}
}

func TestLargeFIDsDoNotGrowTheSlice(t *testing.T) {
	var table fids
	table.put(lowFIDs-1, &fid{})
	table.put(1<<31, &fid{})
	assert.LessOrEqual(t, len(table.low), 8)
}

func TestFIDsFromZeroAreInTheSlice(t *testing.T) {
	var table fids
	for number := range uint32(lowFIDs) {
		table.put(number, &fid{})
	}
	assert.Empty(t, table.high)
	assert.Len(t, table.low, lowFIDs)
}
