//go:build linux

package vhostuser_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/vhostuser"
	"fullex/p9srv/vhostuser/vhosttest"
)

const (
	tick = time.Millisecond
	soon = 200 * time.Millisecond
)

func TestFrontEndThatIsTooSlowIsDisconnected(t *testing.T) {
	whole := vhosttest.U32(vhosttest.SetOwner, vhosttest.Version, 0)
	flood := func(f *vhosttest.Front) error {
		request := append(vhosttest.U32(vhosttest.GetConfig, vhosttest.Version, 12), vhosttest.U32(0, 4000, 0)...)
		for f.SendRaw(request) == nil {
		}
		return nil
	}
	send := func(parts ...[]byte) func(*vhosttest.Front) error {
		return func(f *vhosttest.Front) (err error) {
			for _, p := range parts {
				err = errors.Join(err, f.SendRaw(p, f.KickFD()))
			}
			return err
		}
	}
	for _, test := range []struct {
		name     string
		timeouts vhostuser.Timeouts
		does     func(*vhosttest.Front) error
		says     string
	}{
		{"says nothing", vhostuser.Timeouts{First: soon}, send(), "no message came"},
		{"sends a part of its first message", vhostuser.Timeouts{First: soon}, send(whole[:5]), "no message came"},
		{"sends a part of a later header", vhostuser.Timeouts{Rest: soon}, send(whole, whole[:5]), "rest of a message"},
		{"sends a header without its payload", vhostuser.Timeouts{Rest: soon}, send(whole, vhosttest.U32(2, 1, 8)), "rest of a message"},
		{"does not read replies", vhostuser.Timeouts{Reply: soon}, flood, "send a reply"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, f := newEchoOf(t, vhostuser.Device{Timeouts: test.timeouts}, vhosttest.Options{})
			require.NoError(t, test.does(f))
			require.ErrorIs(t, e.conn.Wait(), os.ErrDeadlineExceeded)
			assert.Contains(t, e.log.String(), "cut: the front-end took too long")
			assert.Contains(t, e.log.String(), test.says)
		})
	}
}

// TestFrontEndThatHasSpokenMayBeSilent waits longer than all timeouts after each step. A
// machine that has not been started, or that runs, sends nothing.
func TestFrontEndThatHasSpokenMayBeSilent(t *testing.T) {
	e, f := newEchoOf(t, vhostuser.Device{Timeouts: vhostuser.Timeouts{First: soon, Rest: soon, Reply: soon}}, vhosttest.Options{})
	for _, step := range []func() error{f.Sync, f.Realize, f.Start} {
		require.NoError(t, step())
		<-time.After(soon + soon/2)
	}
	works(t, f)
	require.NoError(t, f.Close())
	require.NoError(t, e.conn.Wait())
}
