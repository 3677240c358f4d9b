package p9srv

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFIDTableIsAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	ranges := []uint32{8, 100, 5000, 1 << 31}
	for range 50 {
		var table fids
		model := map[uint32]*file{}
		for range 3000 {
			fid := random.Uint32N(ranges[random.IntN(len(ranges))])
			if random.IntN(3) == 0 {
				table.remove(fid)
				delete(model, fid)
			} else {
				f := &file{}
				table.put(fid, f)
				model[fid] = f
			}
			require.Equal(t, len(model), table.n)
			require.Same(t, model[fid], table.get(fid))
		}
		seen := 0
		table.all(func(*file) { seen++ })
		require.Equal(t, len(model), seen)
		for fid, f := range model {
			require.Same(t, f, table.get(fid))
		}
	}
}

func TestOneLargeFIDCostsLittle(t *testing.T) {
	var table fids
	table.put(lowFIDs-1, &file{})
	table.put(1<<31, &file{})
	assert.LessOrEqual(t, len(table.low), 8)
}

func TestFIDsFromZeroLiveInTheSlice(t *testing.T) {
	var table fids
	for fid := range uint32(lowFIDs) {
		table.put(fid, &file{})
	}
	assert.Empty(t, table.high)
	assert.Len(t, table.low, lowFIDs)
}
