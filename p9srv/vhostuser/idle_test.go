//go:build linux

package vhostuser

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestKicksWithoutRequestsAreSlowedDown uses a kick that is always readable. It sets the kick
// without a message, because a message with such an eventfd is refused on newer kernels.
func TestKicksWithoutRequestsAreSlowedDown(t *testing.T) {
	c, f := newConnected(t)
	const kicks = 1 << 30
	fd, err := unix.Eventfd(kicks, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK|unix.EFD_SEMAPHORE)
	require.NoError(t, err)
	watch, err := unix.Dup(fd)
	require.NoError(t, err)
	c.mu.Lock()
	c.closeKickLocked()
	c.kick, c.rearm = os.NewFile(uintptr(fd), "kick"), true
	c.mu.Unlock()

	const waits = 10
	buf := make([]byte, 100)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(waits*kickRest)))
	_, err = c.Next(buf)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.LessOrEqual(t, kicks-count(t, watch), freeKicks+2*waits)

	require.NoError(t, c.SetReadDeadline(time.Time{}))
	require.NoError(t, f.Submit(0, []byte("request"), 10))
	require.NoError(t, f.Tell())
	r, err := c.Next(buf)
	require.NoError(t, err)
	require.Equal(t, "request", string(buf[:r.Size]))
	require.NoError(t, errors.Join(unix.Close(watch), c.Close(), f.Close()))
}

// count returns the counter of an eventfd.
func count(t *testing.T, fd int) (n int) {
	t.Helper()
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	require.NoError(t, err)
	_, after, ok := bytes.Cut(info, []byte("eventfd-count:"))
	require.True(t, ok)
	_, err = fmt.Sscanf(string(after), "%x", &n)
	require.NoError(t, err)
	return n
}

// TestRingKeepsFewSegments takes a chain of every head, and gives half of them back.
func TestRingKeepsFewSegments(t *testing.T) {
	c, f := newConnected(t)
	buf := make([]byte, 100)
	for slot := range 128 {
		require.NoError(t, f.Submit(slot, []byte("request"), 10))
		require.NoError(t, f.Tell())
		r, err := c.Next(buf)
		require.NoError(t, err)
		if slot%2 == 0 {
			require.NoError(t, c.Push(Answer{Chain: r.Chain}))
		}
	}
	require.NoError(t, f.Reset())
	require.Len(t, c.queue.spare, maxSpare)
	for i := range c.queue.slots {
		require.Nil(t, c.queue.slots[i].into)
	}
	require.NoError(t, errors.Join(c.Close(), f.Close()))
}
