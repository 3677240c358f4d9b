//go:build linux

package vhostuser_test

import (
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/vhostuser/vhosttest"
)

func TestStopAndContinueKeepTheSession(t *testing.T) {
	for name, opt := range fronts {
		t.Run(name, func(t *testing.T) {
			e, f := connected(t, opt)
			for i := range uint16(3) {
				works(t, f)
				require.NoError(t, f.Stop())
				assert.Equal(t, 2*(i+1), f.Base())
				require.NoError(t, f.Continue())
			}
			works(t, f)
			e.wasNotReset(t)
		})
	}
}

func TestResetEndsTheSession(t *testing.T) {
	for name, opt := range fronts {
		t.Run(name, func(t *testing.T) {
			e, f := connected(t, opt)
			for range 3 {
				works(t, f)
				e.wasNotReset(t)
				require.NoError(t, f.Reset())
				e.wasReset(t)
			}
			works(t, f)
		})
	}
}

// TestResetAndContinueAfter65536Requests makes as many requests as bring base and used index
// back to their first values.
func TestResetAndContinueAfter65536Requests(t *testing.T) {
	e, f := connected(t, vhosttest.Options{})
	around := func() {
		check := func([]byte) error { return nil }
		require.NoError(t, f.Pipeline(64, 1<<16, []byte("request"), 10, check))
	}
	around()
	require.NoError(t, f.Stop())
	require.Zero(t, f.Base())
	require.NoError(t, f.Continue())
	around()
	e.wasNotReset(t)
	require.NoError(t, f.Reset())
	e.wasReset(t)
	works(t, f)
}

func TestRingThatWasChangedIsANewSession(t *testing.T) {
	for name, change := range map[string]func(f *vhosttest.Front) error{
		"another base": func(f *vhosttest.Front) error { return f.ContinueFrom(1) },
		"another used index": func(f *vhosttest.Front) error {
			f.Memory()[f.UsedAt()+2]++
			return f.Continue()
		},
		"another used entry": func(f *vhosttest.Front) error {
			f.Memory()[f.UsedAt()+4+8]++
			return f.Continue()
		},
		"other addresses": func(f *vhosttest.Front) error {
			memory := f.Memory()
			copy(memory[f.UsedAt()+0x4000:], memory[f.UsedAt():f.UsedAt()+0x1000])
			if err := f.Order(vhosttest.SetVringAddr, addr(user+f.DescAt(0), user+f.UsedAt()+0x4000, user+f.AvailAt())); err != nil {
				return err
			}
			return f.Order(vhosttest.SetVringKick, vhosttest.U64(0), f.KickFD())
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, f := connected(t, vhosttest.Options{})
			works(t, f)
			require.NoError(t, f.Stop())
			e.wasNotReset(t)
			require.NoError(t, change(f))
			e.wasReset(t)
			require.NoError(t, f.Reset())
			works(t, f)
		})
	}
}

func TestMessagesThatEndTheSession(t *testing.T) {
	for name, reset := range map[string]func(f *vhosttest.Front) error{
		"SET_STATUS 0": func(f *vhosttest.Front) error { return f.Order(vhosttest.SetStatus, vhosttest.U64(0)) },
		"RESET_OWNER":  func(f *vhosttest.Front) error { return f.Order(vhosttest.ResetOwner, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			e, f := connected(t, vhosttest.Options{})
			works(t, f)
			require.NoError(t, reset(f))
			e.wasReset(t)
			require.NoError(t, f.Start())
			works(t, f)
			e.wasNotReset(t)
		})
	}
}

func TestStatusIsKept(t *testing.T) {
	_, f := connected(t, vhosttest.Options{})
	status, err := f.Ask(vhosttest.GetStatus, nil)
	require.NoError(t, err)
	assert.Equal(t, vhosttest.U64(8), status)
}

// stopped are ways to stop a ring and to continue it.
var stopped = map[string]struct {
	stop, goOn func(f *vhosttest.Front) error
}{
	"stop": {(*vhosttest.Front).Stop, (*vhosttest.Front).Continue},
	"base": {(*vhosttest.Front).AskBase, (*vhosttest.Front).Continue},
	"disable": {
		func(f *vhosttest.Front) error { return f.Order(vhosttest.SetVringEnable, vhosttest.U32(0, 0)) },
		func(f *vhosttest.Front) error { return f.Order(vhosttest.SetVringEnable, vhosttest.U32(0, 1)) },
	},
	"refusal": {
		func(f *vhosttest.Front) error {
			if err := f.Send(99, vhosttest.Version, nil); err != nil {
				return err
			}
			return f.Sync()
		},
		func(f *vhosttest.Front) error {
			return f.Order(vhosttest.SetFeatures, vhosttest.U64(vhosttest.DefaultFeatures))
		},
	},
}

func TestAnswersWaitForAStoppedRing(t *testing.T) {
	for name, way := range stopped {
		t.Run(name, func(t *testing.T) {
			e, f := newIdle(t, vhosttest.Options{})
			require.NoError(t, f.Connect())
			buf := make([]byte, 10)
			for slot := range 3 {
				require.NoError(t, f.Submit(slot, []byte{byte(slot)}, 10))
			}
			require.NoError(t, f.Tell())
			one, two := e.next(t, buf), e.next(t, buf)
			require.NoError(t, way.stop(f))
			answer := []byte("parked")
			require.NoError(t, e.push(two.Chain, answer))
			require.NoError(t, e.push(two.Chain, answer), "the second answer is refused later")
			copy(answer, "change")
			e.isQuiet(t)
			require.Zero(t, f.UsedIdx())

			require.NoError(t, way.goOn(f))
			e.next(t, buf) // the third request, which was in the ring before the stop
			assert.EqualValues(t, 2, buf[0])
			slot, got, err := f.Answer()
			require.NoError(t, err)
			assert.Equal(t, 1, slot)
			assert.Equal(t, "parked", string(got))
			require.NoError(t, e.push(one.Chain, nil))
		})
	}
}

func TestAnswersPushedBeforeTheStopAreSeen(t *testing.T) {
	for name, way := range stopped {
		if name == "refusal" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			e, f := newIdle(t, vhosttest.Options{})
			require.NoError(t, f.Connect())
			require.NoError(t, f.Submit(0, []byte("request"), 10))
			require.NoError(t, f.Tell())
			require.NoError(t, e.push(e.next(t, nil).Chain, nil))
			require.NoError(t, way.stop(f))
			assert.EqualValues(t, 1, f.UsedIdx())
		})
	}
}

func TestAnswersToADriverThatIsGone(t *testing.T) {
	e, f := newIdle(t, vhosttest.Options{})
	require.NoError(t, f.Connect())
	take := func() {
		require.NoError(t, f.Submit(0, []byte("request"), 10))
		require.NoError(t, f.Tell())
	}
	take()
	r := e.next(t, nil)
	require.NoError(t, f.Stop())
	require.NoError(t, e.push(r.Chain, []byte("parked")))
	require.NoError(t, f.Start())
	require.ErrorIs(t, e.push(r.Chain, nil), errReset)
	take() // its chain has the same head
	_, ok := pollOne(e.conn, make([]byte, 10))
	require.False(t, ok, "no request before Next has returned ErrReset")
	_, err := e.conn.Next(nil)
	require.ErrorIs(t, err, errReset)
	second := e.next(t, nil)
	require.ErrorIs(t, e.push(r.Chain, nil), errReset)
	require.Zero(t, f.UsedIdx())
	require.NoError(t, e.push(second.Chain, nil))
	require.NoError(t, f.Close())
	require.NoError(t, e.conn.Wait())
	require.ErrorIs(t, e.push(second.Chain, nil), io.EOF)
	_, err = e.conn.Next(nil)
	require.ErrorIs(t, err, io.EOF)
	_, ok = pollOne(e.conn, nil)
	require.False(t, ok)
}

// waits are the states in which Next can wait.
var waits = map[string]func(f *vhosttest.Front) error{
	"no message": func(*vhosttest.Front) error { return nil },
	"realized":   (*vhosttest.Front).Realize,
	"running":    (*vhosttest.Front).Connect,
	"stopped": func(f *vhosttest.Front) error {
		if err := f.Connect(); err != nil {
			return err
		}
		return f.Stop()
	},
}

func TestNextStopsWaiting(t *testing.T) {
	for name, start := range waits {
		for what, c := range map[string]struct {
			do   func(e *echo, f *vhosttest.Front) error
			want error
		}{
			"closed here":  {func(e *echo, _ *vhosttest.Front) error { return e.conn.Close() }, io.EOF},
			"closed there": {func(_ *echo, f *vhosttest.Front) error { return f.Close() }, io.EOF},
			"deadline": {func(e *echo, _ *vhosttest.Front) error {
				return e.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
			}, os.ErrDeadlineExceeded},
			"past deadline": {func(e *echo, _ *vhosttest.Front) error { return e.conn.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				e, f := newIdle(t, vhosttest.Options{})
				require.NoError(t, start(f))
				require.NoError(t, f.Sync())
				result := make(chan error)
				go func() {
					_, err := e.conn.Next(nil)
					result <- err
				}()
				require.NoError(t, c.do(e, f))
				require.ErrorIs(t, <-result, c.want)
			})
		}
	}
}

func TestRequestIsTakenAfterAnExpiredDeadline(t *testing.T) {
	e, f := newIdle(t, vhosttest.Options{})
	require.NoError(t, f.Connect())
	e.isQuiet(t)
	require.NoError(t, f.Submit(0, []byte("request"), 10))
	require.NoError(t, f.Tell())
	r, err := e.conn.Next(nil)
	require.NoError(t, err)
	assert.Equal(t, 7, r.Size)
	e.isQuiet(t)
	require.NoError(t, e.conn.SetReadDeadline(time.Time{}))
	require.NoError(t, f.Submit(1, []byte("another"), 10))
	require.NoError(t, f.Tell())
	_, err = e.conn.Next(nil)
	require.NoError(t, err)
}
