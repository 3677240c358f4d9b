package tests

import (
	"net"
	"runtime"
	"testing"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
)

// TestClientThatDisconnectsLeavesNothing disconnects at various points of a session. Then no
// session, goroutine or descriptor of the connection may be left.
func TestClientThatDisconnectsLeavesNothing(t *testing.T) {
	points := []struct {
		name string
		to   func(t *testing.T, c net.Conn)
	}{
		{"after connect", func(*testing.T, net.Conn) {}},
		{"within the first frame's size", raw(19, 0, 0)},
		{"within the first frame", raw(19, 0, 0, 0, 100, 255, 255, 0)},
		{"after attach", func(t *testing.T, c net.Conn) { attachOn(t, c, "") }},
		{"after walk", func(t *testing.T, c net.Conn) { walkTo(t, c) }},
		{"after open", func(t *testing.T, c net.Conn) { openOn(t, c) }},
		{"after a write of the capacity", func(t *testing.T, c net.Conn) { write(t, openOn(t, c), []byte{9}) }},
		{"after a push", func(t *testing.T, c net.Conn) { pushOn(t, c) }},
		{"within a write", func(t *testing.T, c net.Conn) {
			pushOn(t, c)
			raw(27, 0, 0, 0, 118, 1, 0, 2, 0, 0, 0)(t, c)
		}},
		{"after a frame of an impossible size", func(t *testing.T, c net.Conn) {
			pushOn(t, c)
			raw(1, 0, 0, 0)(t, c)
		}},
		{"after close", func(t *testing.T, c net.Conn) {
			require.NoError(t, pushOn(t, c).Close())
		}},
		{"with 200 open sessions", func(t *testing.T, c net.Conn) {
			each := attachOn(t, c, "/each")
			for range 200 {
				mustOpen(t, each, "full_ex")
			}
		}},
	}
	for _, point := range points {
		t.Run(point.name, func(t *testing.T) {
			srv := &p9srv.Server{Kernel: newKernel()}
			unix, tcp := serve(t, srv), serveTCPOf(t, srv)
			goroutines, fds := runtime.NumGoroutine(), openFDs(t)
			for _, addr := range []net.Addr{unix, tcp} {
				c, err := net.Dial(addr.Network(), addr.String())
				require.NoError(t, err)
				point.to(t, c)
				require.NoError(t, c.Close())
			}
			eventually(t, "no session is left", func() bool { return srv.Kernel.Sessions() == 0 })
			eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
			eventually(t, "no descriptor is left", func() bool { return openFDs(t) <= fds })

			file := mustOpen(t, attach(t, unix, ""), "full_ex")
			assert.NoError(t, file.Close(), "others are served")
		})
	}
}

// serveTCPOf lets a server that runs also listen on a free TCP port, and returns its address.
func serveTCPOf(t *testing.T, srv *p9srv.Server) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = srv.Serve(l) }() // ends with the server's Shutdown
	return l.Addr()
}

// raw returns a function that sends these bytes.
func raw(b ...byte) func(*testing.T, net.Conn) {
	return func(t *testing.T, c net.Conn) {
		t.Helper()
		_, err := c.Write(b)
		require.NoError(t, err)
	}
}

// walkTo attaches and walks to the device. openOn also opens it, and pushOn also pushes a
// value.
func walkTo(t *testing.T, c net.Conn) p9.File {
	t.Helper()
	_, file, err := attachOn(t, c, "").Walk([]string{"full_ex"})
	require.NoError(t, err)
	return file
}

func openOn(t *testing.T, c net.Conn) p9.File {
	t.Helper()
	file := walkTo(t, c)
	_, _, err := file.Open(p9.ReadWrite)
	require.NoError(t, err)
	return file
}

func pushOn(t *testing.T, c net.Conn) p9.File {
	t.Helper()
	file := openOn(t, c)
	write(t, file, []byte{9})
	write(t, file, value(7))
	return file
}
