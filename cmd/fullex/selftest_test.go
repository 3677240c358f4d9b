package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/check"
)

// TestEveryPlantedFaultIsCaught: by a case at least, and the sound device by none.
func TestEveryPlantedFaultIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute; run without -short")
	}
	out, _, err := run("", "check", "--self-test", "--seed", "1")
	require.NoError(t, err, out)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2+len(allFaults()))
	assert.Equal(t, "0", strings.Fields(strings.TrimPrefix(lines[1], "none: the sound device"))[0])
	for _, line := range lines[2:] {
		assert.NotEqual(t, "0", strings.Fields(line)[1], line)
	}
}

func TestSelfTestFailsForAFaultThatNobodyNotices(t *testing.T) {
	var out bytes.Buffer
	err := selfTest(t.Context(), &out, check.Options{Only: []string{"open.new"}, Timeout: check.DefaultTimeout}, "human")
	status, tell := ending(err)
	assert.Equal(t, check.ExitFailed, status)
	assert.ErrorContains(t, tell, "no case notices odd-right")
	_, _, err = run("", "check", "--self-test", "tcp:127.0.0.1:1")
	status, _ = ending(err)
	assert.Equal(t, check.ExitNotRun, status)
}
