package tests

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client"
)

// TestAbandonedCallsLeaveNothingOpen gives up calls while the server is stopped. When the
// server continues, nothing that these calls opened stays open. Nobody reads the replies then.
func TestAbandonedCallsLeaveNothingOpen(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	server := startServer(t, "fullex", socket)
	conn, err := net.Dial("unix", socket)
	require.NoError(t, err)
	k, err := client.New(t.Context(), conn)
	require.NoError(t, err)
	root, err := k.AttachSelf(t.Context())
	require.NoError(t, err)
	open, err := root.OpenFile(t.Context(), syscall.O_RDWR, "full_ex")
	require.NoError(t, err)
	walked, err := root.Walk(t.Context(), "each", "full_ex")
	require.NoError(t, err)

	require.NoError(t, server.cmd.Process.Signal(syscall.SIGSTOP))
	eventually(t, "the server has stopped", func() bool { return isStopped(t, server.cmd.Process.Pid) })
	abandoned := func(call string, err error) {
		t.Helper()
		assert.ErrorIs(t, err, client.ErrNoAnswer, call)
		assert.ErrorIs(t, err, context.DeadlineExceeded, call)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	results := make(chan error, 2)
	go func() { results <- walked.Open(ctx, syscall.O_RDWR) }()
	go func() {
		_, err := open.ReadAt(ctx, make([]byte, 4), 0)
		results <- err
	}()
	_, err = k.Attach(ctx, 0, "")
	abandoned("attach", err)
	abandoned("read or open", <-results)
	abandoned("read or open", <-results)
	require.NoError(t, open.Close(t.Context()))
	require.NoError(t, walked.Close(t.Context()))

	require.NoError(t, server.cmd.Process.Signal(syscall.SIGCONT))
	eventually(t, "no session is left", func() bool {
		_, sessions, _ := server.state(t)
		return sessions == 0
	})
	again, err := root.OpenFile(t.Context(), syscall.O_RDWR, "full_ex")
	require.NoError(t, err)
	require.NoError(t, again.Close(t.Context()))
	require.NoError(t, k.Close())
}

// isStopped reports whether all threads of a process have stopped. A signal takes effect in
// each of them later than kill(2) returns.
func isStopped(t *testing.T, pid int) bool {
	t.Helper()
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	require.NoError(t, err)
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(stat, []byte(") T ")) {
			return false
		}
	}
	return len(stats) > 0
}
