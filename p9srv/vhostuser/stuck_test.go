//go:build linux

package vhostuser

import (
	"encoding/binary"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/vhostuser/vhosttest"
)

// newConnected returns a connection and its front-end, whose driver runs. The caller must
// close both.
func newConnected(t *testing.T) (*Conn, *vhosttest.Front) {
	t.Helper()
	front, back, err := vhosttest.Pair()
	require.NoError(t, err)
	c, err := (&Device{Features: 1}).NewConn(back)
	require.NoError(t, err)
	f, err := vhosttest.New(front, vhosttest.Options{})
	require.NoError(t, err)
	require.NoError(t, f.Connect())
	return c, f
}

// TestCloseFreesACallerStuckInAnInterrupt plays the caller's goroutine just after it has
// checked that a write will not wait.
func TestCloseFreesACallerStuckInAnInterrupt(t *testing.T) {
	c, f := newConnected(t)
	_, err := unix.Write(f.CallFD(), binary.NativeEndian.AppendUint64(nil, math.MaxUint64-1))
	require.NoError(t, err)
	require.NoError(t, unix.SetNonblock(f.CallFD(), false))

	stuck := make(chan error, 1)
	c.mu.Lock()
	go func() {
		_, err := unix.Write(f.CallFD(), one)
		c.mu.Unlock()
		stuck <- err
	}()
	ended := make(chan error, 1)
	go func() { ended <- c.Close() }()
	for _, end := range []chan error{stuck, ended} {
		select {
		case err := <-end:
			require.NoError(t, err)
		case <-time.After(vhosttest.Patience):
			t.Fatal("hangs")
		}
	}
	require.NoError(t, f.Close())
}

// TestServingGoroutineNeverNotifies asserts that Next notifies instead. The serving goroutine
// could get stuck in a notification, and nothing would free it.
func TestServingGoroutineNeverNotifies(t *testing.T) {
	c, f := newConnected(t)
	require.NoError(t, f.Submit(0, []byte("request"), 100))
	require.NoError(t, f.Tell())
	buf := make([]byte, 100)
	r, err := c.Next(buf)
	require.NoError(t, err)
	_, err = f.Interrupts()
	require.NoError(t, err)
	require.NoError(t, f.Stop())
	require.NoError(t, c.Push(Answer{r.Chain, []byte("answer")}))
	require.NoError(t, f.Continue())
	require.Zero(t, f.UsedIdx())
	require.NoError(t, c.SetReadDeadline(time.Now()))
	_, err = c.Next(buf)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.EqualValues(t, 1, f.UsedIdx(), "the stored answer")

	none := vhosttest.Table()
	require.NoError(t, f.Order(vhosttest.SetMemTable, none))
	fds := []unix.PollFd{{Fd: int32(f.ErrFD()), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	require.NoError(t, err)
	require.Zero(t, n, "the error eventfd is not readable")
	_, err = c.Next(buf)
	require.ErrorIs(t, err, ErrReset)
	require.NoError(t, f.WaitForErr())
	require.NoError(t, c.Close())
	require.NoError(t, f.Close())
}
