package vm

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// written returns the console of a guest that has ended, so that await does not block.
func written(t *testing.T, text string) (c *console, ended chan struct{}) {
	t.Helper()
	c, ended = newConsole(), make(chan struct{})
	_, err := c.Write([]byte(text))
	require.NoError(t, err)
	close(ended)
	return c, ended
}

func TestMarksAreFoundInOrder(t *testing.T) {
	c, ended := written(t, "SeaBIOS\r\n\x1bc@@ AT open\r\ngo on\r\n@@ AT stopped\r\n@@ AT open\r\n")
	assert.NoError(t, c.await("open", ended))
	assert.NoError(t, c.await("open", ended), "the mark of the second boot")
	assert.ErrorContains(t, c.await("stopped", ended), `before its mark "stopped"`)
}

func TestMarkMustBeAWholeLine(t *testing.T) {
	for _, text := range []string{"", "@@ AT open", "@@ AT opened\n", "@@ PASS open\n", "@@ A\nT open\n"} {
		c, ended := written(t, text)
		assert.Error(t, c.await("open", ended), "%q", text)
	}
}

func TestAwaitWaitsForAMarkInParts(t *testing.T) {
	c := newConsole()
	found := make(chan error)
	go func() { found <- c.await("open", nil) }()
	for _, b := range []byte("@@ AT open\n") {
		_, err := c.Write([]byte{b})
		require.NoError(t, err)
	}
	assert.NoError(t, <-found)
}
