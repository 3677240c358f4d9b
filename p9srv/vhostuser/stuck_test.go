//go:build linux

package vhostuser

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/vhostuser/vhosttest"
)

// TestCloseFreesWhoIsStuckInAnInterrupt plays the user's goroutine in the moment
// after it saw that a write will not wait.
func TestCloseFreesWhoIsStuckInAnInterrupt(t *testing.T) {
	front, back, err := vhosttest.Pair()
	require.NoError(t, err)
	c := (&Device{Features: 1}).NewConn(back)
	f, err := vhosttest.New(front, vhosttest.Options{})
	require.NoError(t, err)
	require.NoError(t, f.Connect())
	_, err = unix.Write(f.CallFD(), binary.NativeEndian.AppendUint64(nil, math.MaxUint64-1))
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
