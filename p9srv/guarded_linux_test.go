package p9srv

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint/rights"
	"fullex/p9srv/endpoint/rights/rightstest"
)

// wrapped is a listener of which nobody knows that it is a unix socket: its kernel lets
// descriptors through, as any did before Linux 6.16.
type wrapped struct{ net.Listener }

// letThrough makes a server guard its unix sockets, as if the kernel let descriptors
// through.
func letThrough(t *testing.T) {
	before := rightsMayCome
	rightsMayCome = func(c net.Conn) bool { _, isUnix := c.(*net.UnixConn); return isUnix }
	t.Cleanup(func() { rightsMayCome = before })
}

// kernels are those that refuse descriptors, and those that let them through.
var kernels = map[string]func(*testing.T, net.Listener) net.Listener{
	"refused":     func(_ *testing.T, l net.Listener) net.Listener { return l },
	"let through": func(t *testing.T, l net.Listener) net.Listener { letThrough(t); return wrapped{l} },
}

// within fails the test if do waits for a close.
func within(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(rightstest.Linger / 20):
		t.Fatal("it waits for a close")
	}
}

func TestDescriptorsOfPeersHoldNobodyUp(t *testing.T) {
	ends := map[string]func(*Server) error{
		"Close": (*Server).Close,
		"Shutdown": func(s *Server) error {
			ctx, cancel := context.WithTimeout(context.Background(), rightstest.Linger/40)
			defer cancel()
			return s.Shutdown(ctx)
		},
	}
	for kernel, listening := range kernels {
		for name, end := range ends {
			t.Run(kernel+", "+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "s")
				l, err := net.Listen("unix", path)
				require.NoError(t, err)
				srv := &Server{Limits: Limits{Conns: 12}}
				done := make(chan error, 1)
				l = listening(t, l)
				go func() { done <- srv.Serve(l) }()
				agree(t, dialUnix(t, path)) // it serves
				for range 20 {              // more than there may be
					c := dialUnix(t, path)
					_ = rightstest.NewSlow(t).Send(c, versionFrame()) // refused or not
					require.NoError(t, c.CloseWrite())
					_, _ = io.Copy(io.Discard, c) // it has ended
				}
				within(t, func() { agree(t, dialUnix(t, path)) })
				within(t, func() {
					assert.NoError(t, end(srv))
					assert.ErrorIs(t, <-done, ErrServerClosed)
				})
			})
		}
	}
}

// TestGuardedSocketEndsWhereverItIs: also with descriptors in its queue.
func TestGuardedSocketEndsWhereverItIs(t *testing.T) {
	letThrough(t)
	ends := map[string]func(*testing.T, *transport){
		"closed":          func(*testing.T, *transport) {},
		"cut":             func(t *testing.T, tr *transport) { assert.NoError(t, tr.socket.cut()) },
		"by descriptors":  func(t *testing.T, tr *transport) { assert.ErrorIs(t, tr.more(), rights.ErrSent) },
		"cut, then read":  func(t *testing.T, tr *transport) { cutAndUse(t, tr) },
		"cut, then again": func(t *testing.T, tr *transport) { cutAndUse(t, tr); assert.NoError(t, tr.socket.cut()) },
	}
	for place, move := range socketPlaces {
		for name, end := range ends {
			t.Run(place+", "+name, func(t *testing.T) {
				l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(t.TempDir(), "s")})
				require.NoError(t, err)
				peer := dialUnix(t, l.Addr().String())
				accepted, err := l.Accept()
				require.NoError(t, errors.Join(err, l.Close()))
				var tr transport
				tr.init(accepted, time.Minute)
				move(t, &tr.socket)
				require.NoError(t, rightstest.NewSlow(t).Send(peer, versionFrame()))
				within(t, func() {
					end(t, &tr)
					assert.NoError(t, tr.close())
				})
				assert.NoError(t, tr.socket.cut(), "after its end")
				assert.False(t, tr.socket.place != nil && tr.socket.place.Taken())
			})
		}
	}
}

func cutAndUse(t *testing.T, tr *transport) {
	assert.NoError(t, tr.socket.cut())
	assert.ErrorIs(t, tr.more(), net.ErrClosed)
	assert.ErrorIs(t, tr.write([]byte("reply")), net.ErrClosed)
	assert.ErrorIs(t, tr.socket.SetReadDeadline(time.Now()), net.ErrClosed)
}

// TestGuardedSocketServesAsAnyOther: bytes pass as before.
func TestGuardedSocketServesAsAnyOther(t *testing.T) {
	letThrough(t)
	path := filepath.Join(t.TempDir(), "s")
	c := socketOver(t, &Server{}, "unix", path)
	for range 3 {
		agree(t, c)
	}
	_, err := c.Write([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0}) // which ends it
	require.NoError(t, err)
	rest, err := io.ReadAll(c)
	assert.Empty(t, rest)
	assert.Condition(t, func() bool { return err == nil || errors.Is(err, unix.ECONNRESET) }, "%v", err)
}
