package check

import (
	"fullex/cmd/fullex/internal/caller"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHangInTheKernelIsAFailedCase checks a FIFO, on which reads wait for ever.
func TestHangInTheKernelIsAFailedCase(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "full_ex")
	require.NoError(t, syscall.Mkfifo(fifo, 0o666))
	start := time.Now()
	r := runAt(t, fifo, Plain, Options{Timeout: 2 * time.Second, Only: []string{"read.new", "file.kind"}})
	assert.Less(t, time.Since(start), 20*time.Second)
	c := of(t, r, "read.new")
	assert.True(t, c.Timeout)
	assert.Equal(t, "read did not return within 2s", c.Reason)
	assert.Equal(t, `read(3, <unfinished ...>`, c.Calls[len(c.Calls)-1])
	assert.Equal(t, "the device is a file of kind p---------, must be a regular file", of(t, r, "file.kind").Reason)
}

func TestTargetWithoutADeviceIsAnError(t *testing.T) {
	dir := t.TempDir()
	endpoint, _ := serve(t)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "x", "full_ex"), 0o755))
	for want, test := range map[string]struct {
		name string
		door Door
	}{
		"no device: stat ":           {dir, Plain},
		"is a device file, want the": {file, PID},
		"want the device full_ex":    {filepath.Join(dir, "x"), Plain},
		"want unix:PATH":             {"nonsense:x", Plain},
		"fd:3 is one connection":     {"fd:3", Plain},
		"is a socket, want unix:":    {strings.TrimPrefix(endpoint, "unix:"), Plain},
	} {
		_, err := at(test.name, test.door, startWorker)
		assert.ErrorContains(t, err, want)
	}
	_, err := at(file, Plain, func() (*caller.Process, error) { return caller.Start([]string{"/nosuch/program"}) })
	assert.ErrorContains(t, err, "start a process: ")
}
