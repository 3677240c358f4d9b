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

// TestNothingIsLeftOfACutConnection cuts a connection at every point of a
// session and looks for sessions, goroutines and descriptors.
func TestNothingIsLeftOfACutConnection(t *testing.T) {
	points := []struct {
		name string
		to   func(t *testing.T, c net.Conn)
	}{
		{"after connect", func(*testing.T, net.Conn) {}},
		{"within the first head", raw(19, 0, 0)},
		{"within the first frame", raw(19, 0, 0, 0, 100, 255, 255, 0)},
		{"after attach", func(t *testing.T, c net.Conn) { attachOn(t, c, "") }},
		{"after walk", func(t *testing.T, c net.Conn) { walkTo(t, c) }},
		{"after open", func(t *testing.T, c net.Conn) { openOn(t, c) }},
		{"after the capacity", func(t *testing.T, c net.Conn) { write(t, openOn(t, c), []byte{9}) }},
		{"after a value", func(t *testing.T, c net.Conn) { pushOn(t, c) }},
		{"within a write", func(t *testing.T, c net.Conn) {
			pushOn(t, c)
			raw(27, 0, 0, 0, 118, 1, 0, 2, 0, 0, 0)(t, c)
		}},
		{"after a frame that cannot be", func(t *testing.T, c net.Conn) {
			pushOn(t, c)
			raw(1, 0, 0, 0)(t, c)
		}},
		{"after close", func(t *testing.T, c net.Conn) {
			require.NoError(t, pushOn(t, c).Close())
		}},
		{"with many open", func(t *testing.T, c net.Conn) {
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
			eventually(t, "no session left", func() bool { return srv.Kernel.Sessions() == 0 })
			eventually(t, "no goroutine left", func() bool { return runtime.NumGoroutine() <= goroutines })
			eventually(t, "no descriptor left", func() bool { return openFDs(t) <= fds })

			file := mustOpen(t, attach(t, unix, ""), "full_ex")
			assert.NoError(t, file.Close(), "others are served")
		})
	}
}

// serveTCPOf lets a server that runs listen on TCP, too.
func serveTCPOf(t *testing.T, srv *p9srv.Server) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = srv.Serve(l) }() // ends with the server's Shutdown
	return l.Addr()
}

func raw(b ...byte) func(*testing.T, net.Conn) {
	return func(t *testing.T, c net.Conn) {
		t.Helper()
		_, err := c.Write(b)
		require.NoError(t, err)
	}
}

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
