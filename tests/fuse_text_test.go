//go:build linux

package tests

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSizeOfATextIsItsLengthThroughFUSE: an open text keeps the size and the content that it
// had at the open.
func TestSizeOfATextIsItsLengthThroughFUSE(t *testing.T) {
	m := mountFUSE(t)
	for _, name := range []string{"kmsg", "modules", "sessions"} {
		before, err := os.Stat(m.path(name))
		require.NoError(t, err)
		opened, err := os.Open(m.path(name))
		require.NoError(t, err)
		device, err := os.OpenFile(m.path("full_ex"), os.O_RDWR, 0) // changes each text
		require.NoError(t, err)
		since, err := opened.Stat()
		require.NoError(t, err)
		text, err := io.ReadAll(opened)
		require.NoError(t, err)
		assert.EqualValues(t, len(text), before.Size(), name)
		assert.EqualValues(t, len(text), since.Size(), name)
		const statBlock = 512
		assert.GreaterOrEqual(t, before.Sys().(*syscall.Stat_t).Blocks*statBlock, before.Size(), name)
		require.NoError(t, opened.Close())
		require.NoError(t, device.Close())
		eventually(t, "its session has ended", func() bool { return m.sessions() == 0 })
	}
}
