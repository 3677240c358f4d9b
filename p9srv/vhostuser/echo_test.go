//go:build linux

package vhostuser_test

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fullex/p9srv/vhostuser"
	"fullex/p9srv/vhostuser/vhosttest"
)

// echo is a caller of the package. It answers each request with the same bytes.
type echo struct {
	conn   *vhostuser.Conn
	resets chan struct{} // receives a value for each session that ended
	ended  chan struct{} // closed when Next returned io.EOF
	log    *lines
}

// lines is a log that can be read while it grows.
type lines struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// config is the configuration space of the device under test.
var config = []byte("\x06\x00fullex")

// newEcho returns an echo and its front-end, which has sent nothing yet.
func newEcho(t testing.TB, opt vhosttest.Options) (*echo, *vhosttest.Front) {
	t.Helper()
	return newEchoOf(t, vhostuser.Device{}, opt)
}

// newEchoOf is like newEcho, with the test's own device.
func newEchoOf(t testing.TB, d vhostuser.Device, opt vhosttest.Options) (*echo, *vhosttest.Front) {
	t.Helper()
	e, f := newIdleOf(t, d, opt)
	go e.run()
	t.Cleanup(func() { <-e.ended })
	t.Cleanup(func() { require.NoError(t, e.conn.Close()) })
	return e, f
}

// newIdle is like newEcho, but without a goroutine that takes requests.
func newIdle(t testing.TB, opt vhosttest.Options) (*echo, *vhosttest.Front) {
	t.Helper()
	return newIdleOf(t, vhostuser.Device{}, opt)
}

func newIdleOf(t testing.TB, d vhostuser.Device, opt vhosttest.Options) (*echo, *vhosttest.Front) {
	t.Helper()
	front, back, err := vhosttest.Pair()
	require.NoError(t, err)
	e := &echo{resets: make(chan struct{}, 100), ended: make(chan struct{}), log: new(lines)}
	d.Features, d.Config, d.Log = 1, config, slog.New(slog.NewTextHandler(e.log, nil))
	e.conn, err = d.NewConn(back)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.conn.Close()) })
	f, err := vhosttest.New(front, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return e, f
}

// connected is like newEcho, with a driver that runs.
func connected(t testing.TB, opt vhosttest.Options) (*echo, *vhosttest.Front) {
	t.Helper()
	e, f := newEcho(t, opt)
	require.NoError(t, f.Connect())
	return e, f
}

// run answers until the end of the connection.
func (e *echo) run() {
	defer close(e.ended)
	buf := make([]byte, 1<<16)
	for {
		r, err := e.conn.Next(buf)
		if errors.Is(err, vhostuser.ErrReset) {
			select {
			case e.resets <- struct{}{}:
			default: // no test counts that many
			}
			continue
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				panic(err)
			}
			return
		}
		for ok := true; ok; r, ok = pollOne(e.conn, buf) {
			_ = e.push(r.Chain, buf[:min(r.Size, r.Room, len(buf))])
		}
	}
}

// wasReset waits for the end of a session.
func (e *echo) wasReset(t testing.TB) {
	t.Helper()
	select {
	case <-e.resets:
	case <-time.After(vhosttest.Patience):
		require.FailNow(t, "no session ended")
	}
}

// wasNotReset asserts that no session has ended since the last check.
func (e *echo) wasNotReset(t testing.TB) {
	t.Helper()
	require.Empty(t, e.resets)
}

// works asserts that requests are answered.
func works(t testing.TB, f *vhosttest.Front) {
	t.Helper()
	for _, request := range []string{"a", strings.Repeat("long", 500)} {
		answer, err := f.Call([]byte(request), len(request)+10)
		require.NoError(t, err)
		require.Equal(t, request, string(answer))
	}
}

// next takes a request in the goroutine of the test.
func (e *echo) next(t testing.TB, buf []byte) vhostuser.Request {
	t.Helper()
	require.NoError(t, e.conn.SetReadDeadline(time.Now().Add(vhosttest.Patience)))
	r, err := e.conn.Next(buf)
	require.NoError(t, err)
	return r
}

// isQuiet asserts that there is no request to take.
func (e *echo) isQuiet(t testing.TB) {
	t.Helper()
	require.NoError(t, e.conn.SetReadDeadline(time.Now()))
	_, err := e.conn.Next(nil)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

// push answers one request.
func (e *echo) push(chain vhostuser.Chain, answer []byte) error {
	return e.conn.Push(vhostuser.Answer{Chain: chain, Bytes: answer})
}

// Short names.
var (
	errReset = vhostuser.ErrReset
	errRoom  = vhostuser.ErrRoom
)

// pollOne polls for one request.
func pollOne(c *vhostuser.Conn, buf []byte) (vhostuser.Request, bool) {
	var into [1]vhostuser.Request
	n := c.Poll(buf, into[:])
	return into[0], n == 1
}
