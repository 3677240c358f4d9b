package load

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseMix(t *testing.T) {
	for text, want := range map[string]Mix{"1:1:0": {1, 1, 0}, "0:0:7": {0, 0, 7}, "5:4:1": {5, 4, 1}} {
		m, err := ParseMix(text)
		require.NoError(t, err)
		assert.Equal(t, want, m)
		assert.Equal(t, text, m.String())
	}
	for _, text := range []string{"", "1", "1:2", "1:2:3:4", "a:1:1", "0:0:0", "-1:1:1", "1000001:0:0"} {
		_, err := ParseMix(text)
		assert.Error(t, err, text)
	}
}

func TestKindsComeAsOftenAsTheirWeights(t *testing.T) {
	const n = 100_000
	chooser := newChooser(Mix{6, 3, 1}, 1, 1)
	var counts [kinds]int
	for range n {
		counts[chooser.next()]++
	}
	assert.InDelta(t, 0.6*n, counts[Write], 0.02*n)
	assert.InDelta(t, 0.3*n, counts[Read], 0.02*n)
	assert.InDelta(t, 0.1*n, counts[Open], 0.02*n)
}
