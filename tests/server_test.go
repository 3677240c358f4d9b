// Package tests has the tests of the whole system: servers, clients and mounts that talk over
// real sockets.
package tests

import (
	"context"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/p9srv"
	"fullex/p9srv/endpoint"
	"fullex/tests/listing"
)

// patience is how long a test waits for something that must happen soon.
const patience = 10 * time.Second

// serve runs a server on a unix socket that all users may connect to, and returns its address.
// The end of the test shuts the server down. No session may then be left.
func serve(t testing.TB, srv *p9srv.Server) *net.UnixAddr {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // some tests connect as other users
	path := filepath.Join(dir, "s")
	e, err := endpoint.Parse("unix:" + path + ",mode=0666")
	require.NoError(t, err)
	l, err := e.Listen(t.Context())
	require.NoError(t, err)
	serveOn(t, srv, l)
	return &net.UnixAddr{Name: path, Net: "unix"}
}

// serveTCP is serve on a free port of the loopback address.
func serveTCP(t testing.TB, srv *p9srv.Server) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	serveOn(t, srv, l)
	return l.Addr().(*net.TCPAddr)
}

// serveOn is serve on a listener.
func serveOn(t testing.TB, srv *p9srv.Server, l net.Listener) {
	t.Helper()
	if srv.Kernel == nil {
		srv.Kernel = newKernel()
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		assert.NoError(t, srv.Shutdown(ctx))
		assert.ErrorIs(t, <-served, p9srv.ErrServerClosed)
		assert.Zero(t, srv.Kernel.Sessions())
	})
}

// newKernel returns a kernel with every module loaded. serve gives one to a server that has
// none.
func newKernel() *device.Kernel { return listing.Kernel(listing.Modules()...) }

// dial connects to a server. The end of the test closes the connection.
func dial(t testing.TB, addr net.Addr) net.Conn {
	t.Helper()
	e, err := endpoint.Parse(addr.Network() + ":" + addr.String())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := e.Dial(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// attach connects the p9 client and attaches to the directory aname, or to the root if aname
// is "". attachOn does so on a connection.
func attach(t testing.TB, addr net.Addr, aname string) p9.File {
	t.Helper()
	return attachOn(t, dial(t, addr), aname)
}

func attachOn(t testing.TB, c net.Conn, aname string) p9.File {
	t.Helper()
	client, err := p9.NewClient(c)
	require.NoError(t, err)
	root, err := client.Attach(aname)
	require.NoError(t, err)
	keep(t, root)
	return root
}

// openFile walks to a path below a directory and opens the file for reading and writing.
func openFile(dir p9.File, path string) (p9.File, error) {
	_, file, err := dir.Walk(strings.Split(path, "/"))
	if err != nil {
		return nil, err
	}
	if _, _, err := file.Open(p9.ReadWrite); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

func mustOpen(t testing.TB, dir p9.File, path string) p9.File {
	t.Helper()
	file, err := openFile(dir, path)
	require.NoError(t, err)
	keep(t, file)
	return file
}

// keep keeps a file until the end of the test. The client clunks the fid of a file that
// becomes garbage.
func keep(t testing.TB, file p9.File) {
	t.Cleanup(func() { runtime.KeepAlive(file) })
}

func write(t testing.TB, file p9.File, data []byte) {
	t.Helper()
	n, err := file.WriteAt(data, 0)
	require.NoError(t, err)
	require.Equal(t, len(data), n)
}

func value(v int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

func readValue(t testing.TB, file p9.File) int32 {
	t.Helper()
	p := make([]byte, 4)
	n, err := file.ReadAt(p, 0)
	require.NoError(t, err)
	require.Equal(t, 4, n)
	return int32(binary.LittleEndian.Uint32(p))
}

// eventually waits until a condition is true. It polls, for conditions that no channel
// reports, such as the end of another process.
func eventually(t testing.TB, what string, isTrue func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for tick := time.NewTicker(time.Millisecond); ; {
		if isTrue() {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			tick.Stop()
			require.FailNow(t, "did not happen: "+what)
		}
	}
}

// openFDs counts this process's descriptors.
func openFDs(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestConnectionsOfOneProcessAreOneClientOnlyUnderThePeerPolicy(t *testing.T) {
	for policy, again := range map[p9srv.IdentityPolicy]error{
		p9srv.IdentityUser: nil,
		p9srv.IdentityPeer: linux.EACCES,
	} {
		t.Run(policy.String(), func(t *testing.T) {
			addr := serve(t, &p9srv.Server{Identity: policy})
			first := mustOpen(t, attach(t, addr, ""), "full_ex")
			write(t, first, []byte{9})
			second, err := openFile(attach(t, addr, ""), "full_ex")
			if again != nil {
				assert.ErrorIs(t, err, again)
				require.NoError(t, first.Close())
				second = mustOpen(t, attach(t, addr, ""), "full_ex")
			}
			write(t, second, []byte{5})
			mustOpen(t, attach(t, addr, "/each"), "full_ex")
			mustOpen(t, attach(t, addr, ""), "pid/1/full_ex")
		})
	}
}

func TestTCPConnectionsAreSeparateClientsUnderEitherPolicy(t *testing.T) {
	for _, policy := range []p9srv.IdentityPolicy{p9srv.IdentityUser, p9srv.IdentityPeer} {
		addr := serveTCP(t, &p9srv.Server{Identity: policy})
		for i := range int32(4) {
			file := mustOpen(t, attach(t, addr, ""), "full_ex")
			write(t, file, []byte{9})
			write(t, file, value(i))
			defer func() { assert.Equal(t, i, readValue(t, file)) }()
		}
	}
}

func TestDirectoriesListTheirFiles(t *testing.T) {
	root := attach(t, serve(t, &p9srv.Server{}), "")
	mustOpen(t, root, "pid/70/full_ex")
	mustOpen(t, root, "pid/9/full_ex")
	for path, want := range map[string][]string{
		"": listing.Root(), "each": listing.Devices(), "pid": {"9", "70"}, "pid/70": listing.Devices(), "pid/71": listing.Devices(),
	} {
		assert.ElementsMatch(t, append(want, ".", ".."), list(t, root, path), path)
	}
}

// TestDirectoryIsListedWholeWhileModulesComeAndGo: a file that exists all the time is listed
// exactly once, at whatever offsets the listing continues.
func TestDirectoryIsListedWholeWhileModulesComeAndGo(t *testing.T) {
	srv := &p9srv.Server{Kernel: listing.Kernel("minimal_proc_lkm")}
	dir := attach(t, serve(t, srv), "")
	_, _, err := dir.Open(p9.ReadOnly)
	require.NoError(t, err)
	const fewEntries = 60 // bytes; room for one or two entries
	var names []string
	loaded := false
	for offset := uint64(0); ; {
		entries, err := dir.Readdir(offset, fewEntries)
		require.NoError(t, err)
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			offset = e.Offset
			if e.Name != "full_ex" {
				names = append(names, e.Name)
			}
		}
		if loaded = !loaded; loaded {
			require.NoError(t, srv.Kernel.Load("full_ex"))
		} else {
			require.NoError(t, srv.Kernel.Unload("full_ex"))
		}
	}
	assert.ElementsMatch(t, []string{".", "..", "ctl", "each", "kmsg", "minimal_proc_lkm", "modules", "pid", "sessions"}, names)
}

// list reads a directory in parts of one or two entries.
func list(t *testing.T, root p9.File, path string) []string {
	t.Helper()
	names := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	_, dir, err := root.Walk(names)
	require.NoError(t, err)
	_, _, err = dir.Open(p9.ReadOnly)
	require.NoError(t, err)
	defer func() { require.NoError(t, dir.Close()) }()
	var found []string
	for offset := uint64(0); ; {
		entries, err := dir.Readdir(offset, 60)
		require.NoError(t, err)
		if len(entries) == 0 {
			return found
		}
		for _, e := range entries {
			found = append(found, e.Name)
			offset = e.Offset
		}
	}
}

func TestShutdownEndsConnectionsAndFreesSessions(t *testing.T) {
	before := runtime.NumGoroutine()
	srv := &p9srv.Server{Kernel: newKernel()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	for range 8 {
		file := mustOpen(t, attach(t, l.Addr(), ""), "full_ex")
		write(t, file, []byte{9})
	}
	idle := dial(t, l.Addr())
	half := dial(t, l.Addr())
	_, err = half.Write([]byte{19, 0, 0})
	require.NoError(t, err)
	eventually(t, "8 sessions", func() bool { return srv.Kernel.Sessions() == 8 })

	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, srv.Shutdown(ctx))
	assert.ErrorIs(t, <-served, p9srv.ErrServerClosed)
	assert.Zero(t, srv.Kernel.Sessions())
	assert.ErrorIs(t, srv.Serve(l), p9srv.ErrServerClosed)
	assert.ErrorIs(t, srv.ServeConn(idle), p9srv.ErrServerClosed)
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

func TestShutdownCutsAPeerThatDoesNotRead(t *testing.T) {
	srv := &p9srv.Server{Kernel: newKernel()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	c := dial(t, l.Addr())
	attachOn(t, c, "")
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(patience)))
	clunks := strings.Repeat("\x0b\x00\x00\x00\x78\x01\x00\x63\x00\x00\x00", 1000)
	go func() {
		for { // blocks when the server reads no more, and fails when it closes the connection
			if _, err := c.Write([]byte(clunks)); err != nil {
				return
			}
		}
	}()
	eventually(t, "the server waits in a write", func() bool { return blockedInWrite() })

	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, srv.Shutdown(ctx), context.DeadlineExceeded)
	assert.ErrorIs(t, <-served, p9srv.ErrServerClosed)
}

// blockedInWrite reports whether a goroutine of this process waits to write to a socket.
func blockedInWrite() bool {
	buf := make([]byte, 1<<20)
	stacks := string(buf[:runtime.Stack(buf, true)])
	for stack := range strings.SplitSeq(stacks, "\n\n") {
		if strings.Contains(stack, "RawWrite") && strings.Contains(stack, "IO wait") {
			return true
		}
	}
	return false
}
