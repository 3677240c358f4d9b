package device

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSessionSetIsASet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	set, model := sessionSet{by: ofOwner}, map[*Session]bool{}
	all := make([]*Session, 500)
	for i := range all {
		all[i] = &Session{}
	}
	for i := range 20_000 {
		s := all[random.IntN(len(all))]
		// Mostly full at first, mostly empty in the end.
		switch grows := random.IntN(20_000) > i; {
		case grows && !model[s]:
			set.add(s)
			model[s] = true
		case !grows && model[s]:
			set.remove(s)
			delete(model, s)
		}
		require.Equal(t, model[s], set.has(s))
		require.Len(t, set.list, len(model))
	}
	seen := map[*Session]bool{}
	for _, s := range set.list {
		seen[s] = true
	}
	assert.Equal(t, model, seen)
	assert.LessOrEqual(t, cap(set.list), 64+4*len(set.list), "room is given back")
}
