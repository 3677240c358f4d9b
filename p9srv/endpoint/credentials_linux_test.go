package endpoint

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStartTimeDistinguishesProcesses(t *testing.T) {
	own, ok := startTime(int32(os.Getpid()))
	require.True(t, ok)
	assert.Regexp(t, `^[0-9]+$`, own)
	parent, ok := startTime(int32(os.Getppid()))
	require.True(t, ok)
	assert.NotEqual(t, own, parent)
	_, ok = startTime(1 << 22)
	assert.False(t, ok)
}
