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

// wrapped hides that a listener is a unix socket. So the server does not make Linux refuse
// descriptors, as no Linux before 6.16 can.
type wrapped struct{ net.Listener }

// letThrough makes servers guard all unix sockets, as if Linux accepted descriptors.
func letThrough(t *testing.T) {
	before := rightsMayCome
	rightsMayCome = func(c net.Conn) bool { _, isUnix := c.(*net.UnixConn); return isUnix }
	t.Cleanup(func() { rightsMayCome = before })
}

// descriptorRules prepare a listener for a Linux that refuses descriptors, and for one that
// lets them through.
var descriptorRules = map[string]func(*testing.T, net.Listener) net.Listener{
	"refused":     func(_ *testing.T, l net.Listener) net.Listener { return l },
	"let through": func(t *testing.T, l net.Listener) net.Listener { letThrough(t); return wrapped{l} },
}

// within fails the test if do takes so long that it waits for a slow close.
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

func TestDescriptorsFromAPeerDelayNobody(t *testing.T) {
	ends := map[string]func(*Server) error{
		"Close": (*Server).Close,
		"Shutdown": func(s *Server) error {
			ctx, cancel := context.WithTimeout(context.Background(), rightstest.Linger/40)
			defer cancel()
			return s.Shutdown(ctx)
		},
	}
	for rule, prepare := range descriptorRules {
		for name, end := range ends {
			t.Run(rule+", "+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "s")
				l, err := net.Listen("unix", path)
				require.NoError(t, err)
				srv := &Server{Limits: Limits{Conns: 12}}
				done := make(chan error, 1)
				l = prepare(t, l)
				go func() { done <- srv.Serve(l) }()
				agree(t, dialUnix(t, path)) // waits until the server serves
				for range 20 {              // more connections than the limit
					c := dialUnix(t, path)
					_ = rightstest.NewSlow(t).Send(c, versionFrame()) // it may be refused
					require.NoError(t, c.CloseWrite())
					_, _ = io.Copy(io.Discard, c) // waits for the end of the connection
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

// TestGuardedSocketEndsWhereverItWaits ends sockets with descriptors in their queues.
func TestGuardedSocketEndsWhereverItWaits(t *testing.T) {
	letThrough(t)
	ends := map[string]func(*testing.T, *transport){
		"closed":                  func(*testing.T, *transport) {},
		"cut":                     func(t *testing.T, tr *transport) { assert.NoError(t, tr.socket.cut()) },
		"ended by descriptors":    func(t *testing.T, tr *transport) { assert.ErrorIs(t, tr.more(), rights.ErrSent) },
		"cut, then used":          func(t *testing.T, tr *transport) { cutAndUse(t, tr) },
		"cut, used and cut again": func(t *testing.T, tr *transport) { cutAndUse(t, tr); assert.NoError(t, tr.socket.cut()) },
	}
	for position, move := range socketPositions {
		for name, end := range ends {
			t.Run(position+", "+name, func(t *testing.T) {
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

func TestGuardedSocketCarriesBytesLikeAnyOther(t *testing.T) {
	letThrough(t)
	path := filepath.Join(t.TempDir(), "s")
	c := socketOver(t, &Server{}, "unix", path)
	for range 3 {
		agree(t, c)
	}
	_, err := c.Write([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0}) // a frame too large, which ends the connection
	require.NoError(t, err)
	rest, err := io.ReadAll(c)
	assert.Empty(t, rest)
	assert.Condition(t, func() bool { return err == nil || errors.Is(err, unix.ECONNRESET) }, "%v", err)
}
