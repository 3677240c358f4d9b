package check

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/caller"
	"fullex/cmd/fullex/internal/fusefs"
	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
	"fullex/p9srv"
	p9client "fullex/p9srv/client"
	"fullex/tests/need"
	"fullex/tests/serving"
)

// serve runs a server on a unix socket and returns its endpoint.
func serve(t *testing.T) (endpoint string, srv *p9srv.Server) {
	t.Helper()
	srv = &p9srv.Server{}
	return serving.Socket(t, srv), srv
}

// mount runs a server and mounts it with FUSE, both in this process. It returns the
// directory, for worker processes.
func mount(t *testing.T) (dir string, srv *p9srv.Server) {
	t.Helper()
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		need.Skip(t, "no FUSE for this user: %v", err)
	}
	require.NoError(t, device.Close())
	srv = &p9srv.Server{}
	conn, err := srv.Connect()
	require.NoError(t, err)
	k, err := p9client.Memory(conn)
	require.NoError(t, err)
	dir = t.TempDir()
	m, err := fusefs.New(k, dir, fusefs.Config{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, m.Unmount())
		require.NoError(t, m.Wait())
		require.NoError(t, srv.Close())
	})
	return dir, srv
}

// runAt runs cases at a target.
func runAt(t *testing.T, name string, door Door, o Options) Results {
	t.Helper()
	open, err := at(name, door, startWorker)
	require.NoError(t, err)
	r, err := Run(t.Context(), open, o)
	require.NoError(t, err)
	return r
}

// assertSound checks that no case failed, and that exactly these were skipped.
func assertSound(t *testing.T, r Results, skipped ...string) {
	t.Helper()
	got := []string{}
	for _, c := range r.Cases {
		assert.NotEqual(t, Failed, c.Status, "%s: %s\n%s", c.ID, c.Reason, strings.Join(c.Calls, "\n"))
		if c.Status == Skipped {
			assert.NotEmpty(t, c.Reason, c.ID)
			got = append(got, c.ID)
		}
	}
	assert.ElementsMatch(t, skipped, got)
	assert.Equal(t, ExitPassed, r.Exit())
}

// over9P are the cases that are skipped at an endpoint.
var over9P = []string{"file.flags", "file.truncated", "file.change", "read.submitted", "read.sent", "fork.shared", "fork.outlives", "fork.own"}

// openTwice are the cases that are skipped where each open is a client of its own.
var openTwice = []string{"open.twice", "open.twice.new", "open.twice.untouched", "open.twice.leak", "process.twice", "thread.open"}

func TestSoundServerPassesOverAUnixSocket(t *testing.T) {
	endpoint, srv := serve(t)
	for door, skipped := range map[Door][]string{
		"": append([]string{"open.each"}, over9P...), Plain: append([]string{"open.each"}, over9P...),
		PID: append([]string{"open.each"}, over9P...), Each: append(over9P, openTwice...),
	} {
		t.Run(string(door), func(t *testing.T) {
			assertSound(t, runAt(t, endpoint, door, Options{Seed: 1}), skipped...)
			assert.Eventually(t, func() bool { return srv.Kernel.Sessions() == 0 }, settleTime, askAgain)
		})
	}
}

func TestIdentityPeerMakesAllConnectionsOneClient(t *testing.T) {
	endpoint := serving.Socket(t, &p9srv.Server{Identity: p9srv.IdentityPeer})
	only := Options{Only: []string{"process.own"}}
	r := runAt(t, endpoint, Plain, only)
	assert.Equal(t, "open by client 2 failed with EACCES, must succeed", r.Cases[0].Reason)
	assertSound(t, runAt(t, endpoint, PID, only))
	assertSound(t, runAt(t, endpoint, Each, only))
}

func TestSoundServerPassesOverTCP(t *testing.T) {
	endpoint := serving.At(t, &p9srv.Server{}, "tcp:127.0.0.1:0")
	assertSound(t, runAt(t, endpoint, Plain, Options{Seed: 2}), append(over9P, "open.each", "unload.open")...)
}

// notThroughFUSE are the cases that are skipped at a mount with FUSE.
var notThroughFUSE = []string{
	"open.each", "write.empty.new", "write.empty", "write.empty.full", "read.zero.new", "read.zero.empty", "read.zero", "reply.order",
}

// TestClientsAtTheOtherEndOfAPipe checks with clients that are started as in a guest.
func TestClientsAtTheOtherEndOfAPipe(t *testing.T) {
	dir, srv := mount(t)
	name, err := target.ParseName(dir)
	require.NoError(t, err)
	agent := behindAPipe(t)
	open, err := At(name, caller.Starter(name, agent.Start), Plain)
	require.NoError(t, err)
	r, err := Run(t.Context(), open, Options{Seed: 3})
	require.NoError(t, err)
	assertSound(t, r, notThroughFUSE...)
	assert.Eventually(t, func() bool { return srv.Kernel.Sessions() == 0 }, settleTime, askAgain)
}

func TestFullexMountPassesThroughFUSE(t *testing.T) {
	dir, srv := mount(t)
	assertSound(t, runAt(t, dir, Plain, Options{Seed: 3}), notThroughFUSE...)
	doors := []string{"open.", "file.", "process.", "thread.", "fork.", "kill."}
	assertSound(t, runAt(t, dir, PID, Options{Seed: 4, Only: doors}), "open.each")
	assertSound(t, runAt(t, dir, Each, Options{Seed: 4, Only: doors}), append(openTwice, "file.truncated")...)
	file := filepath.Join(dir, "full_ex")
	assertSound(t, runAt(t, file, Plain, Options{Only: []string{"open.", "close.", "fork.", "unload."}}), "open.each", "close.frees", "unload.open")
	assertSound(t, runAt(t, file, Plain, Options{Contract: contract.Of(contract.Module), Only: []string{"read.short.", "thread.", "fork.", "random.sessions"}}), "thread.open")
	assert.Eventually(t, func() bool { return srv.Kernel.Sessions() == 0 }, settleTime, askAgain)
}

func TestUnloadingIsSkippedWhereItIsDangerous(t *testing.T) {
	endpoint, srv := serve(t)
	only := Options{Only: []string{"unload."}}
	assertNothingRun := func(o Options, why string) {
		t.Helper()
		r := runAt(t, endpoint, Plain, o)
		assert.Equal(t, Skipped, r.Cases[0].Status)
		assert.Contains(t, r.Cases[0].Reason, why)
		assert.Equal(t, ExitNotRun, r.Exit())
	}
	assertNothingRun(Options{Only: only.Only, Contract: contract.Of(contract.Module)}, "crashes a kernel")
	open, err := at(endpoint, Plain, startWorker)
	require.NoError(t, err)
	client, err := open()
	require.NoError(t, err)
	f, err := client.Open(client.Device, syscall.O_RDWR)
	require.NoError(t, err)
	assertNothingRun(only, "others have the device open")
	_, err = f.Write([]byte{3})
	assert.NoError(t, err, "the session is still open")
	only.Dangerous = true
	assertSound(t, runAt(t, endpoint, Plain, only))
	_, err = f.Write([]byte{3})
	assert.Equal(t, syscall.EIO, err)
	require.NoError(t, client.Close())
	assert.Eventually(t, func() bool { return srv.Kernel.Sessions() == 0 }, settleTime, askAgain)
}
