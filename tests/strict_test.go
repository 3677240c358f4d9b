//go:build linux

package tests

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/strict"
	"fullex/tests/need"
)

// brokenRules is a log handler that collects the names of the rules of 9P that clients break.
type brokenRules struct {
	slog.Handler
	watch strict.Watch

	mu    sync.Mutex        // guards names
	names map[string]string // and the first message of each
}

// watched lets a server watch its clients.
func watched(srv *p9srv.Server) *brokenRules {
	b := &brokenRules{Handler: slog.DiscardHandler, names: make(map[string]string)}
	srv.Log, srv.Layer = slog.New(b), b.watch.Layer
	return b
}

func (b *brokenRules) Enabled(context.Context, slog.Level) bool { return true }
func (b *brokenRules) WithAttrs([]slog.Attr) slog.Handler       { return b }

// Handle implements slog.Handler.
func (b *brokenRules) Handle(_ context.Context, r slog.Record) error {
	var name, message string
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "sin", "note":
			name = a.Value.String()
		case "message":
			message = a.Value.Resolve().String()
		}
		return true
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.names[name]; name != "" && !known {
		b.names[name] = message
	}
	return nil
}

// list waits until the clients have left, and returns the names in order.
func (b *brokenRules) list(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b.watch.Settle(ctx)
	require.NoError(t, ctx.Err(), "a client stays")
	var names []string
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, message := range b.names {
		t.Logf("%s: %s", name, message)
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// strictRuns are clients of others and ours, and the rules that they break. The guide for other
// clients has the same table.
var strictRuns = []struct {
	client, broken string
	run            func(*testing.T, net.Addr)
}{
	{"`diodls -a /`, `diodcat -a / modules kmsg`", "", func(t *testing.T, addr net.Addr) {
		run(t, "diodls", "-s", addr.String(), "-a", "/")
		run(t, "diodcat", "-s", addr.String(), "-a", "/", "modules", "kmsg")
	}},
	{"`diodls -l -a /each`", "name-dot, walk-dotdot, walk-open-fid", func(t *testing.T, addr net.Addr) {
		run(t, "diodls", "-s", addr.String(), "-l", "-a", "/each")
	}},
	{"`diodcat -a / each`", "read-directory", func(t *testing.T, addr net.Addr) {
		run(t, "diodcat", "-s", addr.String(), "-a", "/", "each")
	}},
	{"`mount.diod -f -o aname=/`", "", func(t *testing.T, addr net.Addr) {
		need.Root(t)
		run(t, "mount.diod", "-f", "-n", "-o", "aname=/", addr.String(), t.TempDir())
	}},
	{"hugelgupf/p9 v0.4.1", "fsync-short, version-tag", func(t *testing.T, addr net.Addr) {
		c, file := hugelgupf(t, addr)
		useAll(t, file)
		require.NoError(t, c.Close())
	}},
	{"the same with `WithMessageSize(1 << 20)`", "fids-left, frame-above-msize, version-tag", func(t *testing.T, addr net.Addr) {
		_, root := hugelgupf(t, addr, p9.WithMessageSize(1<<20))
		_, file, err := root.Walk([]string{"full_ex"})
		require.NoError(t, err)
		_, _, err = file.Open(p9.ReadWrite)
		require.NoError(t, err)
		_, err = file.WriteAt(make([]byte, 70_000), 0)
		assert.Error(t, err, "the server ends the connection")
	}},
	{"`fullex check`", "fids-left", func(t *testing.T, addr net.Addr) {
		path, err := fullexCommand()
		require.NoError(t, err)
		out, err := exec.CommandContext(t.Context(), path, "check", "unix:"+addr.String()).CombinedOutput()
		require.NoError(t, err, string(out))
	}},
	{"`fullex cat UNIX each`", "fids-left, read-directory", func(t *testing.T, addr net.Addr) {
		path, err := fullexCommand()
		require.NoError(t, err)
		require.Error(t, exec.CommandContext(t.Context(), path, "cat", "unix:"+addr.String(), "each").Run())
	}},
	{"`fullex mount`", "fids-left", func(t *testing.T, addr net.Addr) {
		m := mountFUSE(t, "unix:"+addr.String())
		const line = `ls -lR; cat kmsg modules; exec 3<>full_ex; printf '\003' >&3; printf '\001\000\000\000' >&3; head -c 4 <&3`
		out, err := m.shell(line).CombinedOutput()
		require.NoError(t, err, string(out))
		m.end()
	}},
}

// hugelgupf is the library's client, and the root of a server.
func hugelgupf(t *testing.T, addr net.Addr, options ...p9.ClientOpt) (*p9.Client, p9.File) {
	t.Helper()
	conn, err := net.Dial(addr.Network(), addr.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	client, err := p9.NewClient(conn, options...)
	require.NoError(t, err)
	root, err := client.Attach("")
	require.NoError(t, err)
	return client, root
}

// useAll lets the library's client do all that it can here, also several things together.
func useAll(t *testing.T, root p9.File) {
	t.Helper()
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() { useEach(t, root) })
	}
	callers.Wait()
	_, file, err := root.Walk([]string{"pid", "7", "full_ex"})
	require.NoError(t, err)
	_, _, err = file.Open(p9.ReadWrite)
	require.NoError(t, err)
	for _, p := range [][]byte{{9}, {2, 0, 0, 0}} {
		_, err = file.WriteAt(p, 0)
		require.NoError(t, err)
	}
	n, err := file.ReadAt(make([]byte, 70_000), 0)
	require.NoError(t, err)
	assert.Equal(t, 4, n)
	_, err = file.WriteAt(make([]byte, 70_000), 0)
	assert.ErrorIs(t, err, linux.EINVAL)
	require.NoError(t, file.FSync())
	_, dir, err := root.Walk(nil)
	require.NoError(t, err)
	_, _, err = dir.Open(p9.ReadOnly)
	require.NoError(t, err)
	entries, err := dir.Readdir(0, 100)
	require.NoError(t, err)
	_, err = dir.Readdir(entries[len(entries)-1].Offset, 8000)
	require.NoError(t, err)
	for _, f := range []p9.File{file, dir, root} {
		require.NoError(t, f.Close())
	}
}

func useEach(t *testing.T, root p9.File) {
	for range 50 {
		_, one, err := root.Walk([]string{"each", "full_ex"})
		if !assert.NoError(t, err) {
			return
		}
		_, _, _, err = one.GetAttr(p9.AttrMaskAll)
		assert.NoError(t, err)
		assert.NoError(t, one.Close())
	}
}

func TestRealClientsBreakTheRulesThatTheGuideSays(t *testing.T) {
	guide, err := os.ReadFile("../cmd/fullex/doc/clients.md")
	require.NoError(t, err)
	for _, test := range strictRuns {
		t.Run(test.client, func(t *testing.T) {
			srv := &p9srv.Server{Kernel: newKernel()}
			broken := watched(srv)
			test.run(t, serve(t, srv))
			assert.Equal(t, test.broken, broken.list(t))
			assert.Contains(t, string(guide), strictRow(test.client, test.broken))
		})
	}
}

// strictRow is a row of the guide's table: a client, the sins, and the notes.
func strictRow(client, broken string) string {
	var sins, notes []string
	for _, r := range strict.Rules() {
		switch {
		case !slices.Contains(strings.Split(broken, ", "), r.Name):
		case r.Note:
			notes = append(notes, "`"+r.Name+"`")
		default:
			sins = append(sins, "`"+r.Name+"`")
		}
	}
	return "| " + client + " | " + orNone(sins) + " | " + orNone(notes) + " |\n"
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
