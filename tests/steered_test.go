//go:build linux

package tests

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/endpoint"
	"fullex/tests/locked"
	"fullex/tests/vm"
)

// forNewQEMU runs a test twice at the same time, with guests of two kernels under the newer
// QEMU. Without hardware virtualisation each guest needs one processor.
func forNewQEMU(t *testing.T, test func(*testing.T, vm.Config)) {
	t.Helper()
	for _, version := range []string{"6.1", "7.2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			test(t, underNewQEMU(t, version))
		})
	}
}

// underNewQEMU returns a guest with a version of Linux under the newer QEMU. Without
// scenarios it runs them all.
func underNewQEMU(t testing.TB, version string, scenarios ...string) vm.Config {
	t.Helper()
	return vm.Config{
		QEMU: vm.NeedNewQEMU(t), Kernel: vm.Need(t, "kernel-"+version),
		Modules: guestModules, Files: guestFiles(t), Scenarios: scenarios,
	}
}

// startGuest builds and starts a guest that mounts the server through a virtio-9p device. The
// end of the test kills the guest.
func startGuest(t *testing.T, srv *p9srv.Server, config vm.Config) *vm.Machine {
	t.Helper()
	return startGuestAt(t, config, serveVirtio(t, srv), vm.SharedMemory())
}

// startGuestAt is startGuest for a server at a socket, with further arguments of QEMU.
func startGuestAt(t testing.TB, config vm.Config, socket string, args []string) *vm.Machine {
	t.Helper()
	config.Tag = "fullex"
	config.Arguments = append(args, vm.VhostUser9P(socket)...)
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	t.Cleanup(cancel)
	dir := t.TempDir()
	require.NoError(t, config.Build(ctx, dir))
	m, err := vm.Start(ctx, config, dir)
	require.NoError(t, err)
	t.Cleanup(m.Kill)
	return m
}

// serveVirtio serves virtio-9p devices and returns the path of its socket.
func serveVirtio(t testing.TB, srv *p9srv.Server) (socket string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	e, err := endpoint.Vhost(path, "fullex")
	require.NoError(t, err)
	l, err := e.Listen(t.Context())
	require.NoError(t, err)
	serveOn(t, srv, l)
	return path
}

// passes waits for the end of a guest. It expects reports of set-up and the wanted scenarios,
// in this order, and makes each a subtest.
func passes(t *testing.T, m *vm.Machine, want ...string) {
	t.Helper()
	results, console, err := m.Wait()
	if !assert.NoError(t, err) {
		t.Fatal(console)
	}
	reported(t, results)
	var names []string
	for _, r := range results {
		names = append(names, r.Scenario)
	}
	assert.Equal(t, append([]string{"set-up"}, want...), names)
}

// TestLinuxMountsThroughVirtio runs every scenario of the guest program.
func TestLinuxMountsThroughVirtio(t *testing.T) {
	forNewQEMU(t, func(t *testing.T, config vm.Config) {
		srv := &p9srv.Server{Kernel: newKernel(), Limits: p9srv.Limits{HandshakeTimeout: bootTime}}
		for i := range 100 { // long lines, so that there are few and none of the guest's is dropped
			srv.Kernel.Log().Print(fmt.Sprintf("line %d of a long log%s", i, strings.Repeat(".", 900)))
		}
		config.Port, config.Serial = serveTCP(t, srv).Port, alsoOnUnix(t, srv)
		config.HostDir = t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(config.HostDir, "greeting"), []byte("from the host\n"), 0o644))
		m := startGuest(t, srv, config)
		results, console, err := m.Wait()
		if !assert.NoError(t, err) {
			t.Fatal(console)
		}
		assert.Greater(t, len(results), 10, "scenarios that ran")
		reported(t, results)
		eventually(t, "the sessions of the guest have ended", func() bool { return srv.Kernel.Sessions() == 0 })
	})
}

func TestSessionSurvivesAStopOfTheMachine(t *testing.T) {
	forNewQEMU(t, func(t *testing.T, config vm.Config) {
		config.Scenarios = []string{"held"}
		srv := &p9srv.Server{}
		m := startGuest(t, srv, config)
		require.NoError(t, m.Await("held"))
		for range 3 {
			require.NoError(t, m.Monitor.Stop())
			state, err := m.Monitor.Status()
			require.NoError(t, err)
			assert.Equal(t, "paused", state)
			assert.Equal(t, 1, srv.Kernel.Sessions())
			require.NoError(t, m.Monitor.Cont())
		}
		require.NoError(t, m.Tell("go on"))
		passes(t, m, "held")
		eventually(t, "the session has ended", func() bool { return srv.Kernel.Sessions() == 0 })
	})
}

func TestSessionEndsWhenTheMachineIsResetOrRestarts(t *testing.T) {
	forNewQEMU(t, func(t *testing.T, config vm.Config) {
		config.Scenarios = []string{"held"}
		srv := &p9srv.Server{}
		m := startGuest(t, srv, config)
		require.NoError(t, m.Await("held"))
		opened := srv.Kernel.All()
		require.Len(t, opened, 1)
		require.NoError(t, m.Reset("held"))
		afterReset := srv.Kernel.All()
		require.Len(t, afterReset, 1, "the reset has ended the first session")
		assert.NotSame(t, opened[0], afterReset[0])
		require.NoError(t, m.Monitor.OnRestart("reset"))
		require.NoError(t, m.Tell("restart"))
		require.NoError(t, m.Await("held"))
		require.NoError(t, m.Monitor.OnRestart("shutdown"))
		afterRestart := srv.Kernel.All()
		require.Len(t, afterRestart, 1, "the restart has ended the second session")
		assert.NotSame(t, afterReset[0], afterRestart[0])
		require.NoError(t, m.Tell("go on"))
		passes(t, m, "held")
	})
}

func TestGuestMountsAgainAfterItsDeviceWasUnplugged(t *testing.T) {
	forNewQEMU(t, func(t *testing.T, config vm.Config) {
		config.Scenarios = []string{"unplugged"}
		srv := &p9srv.Server{}
		socket := serveVirtio(t, srv)
		m := startGuestAt(t, config, socket, vm.SharedMemory())
		require.NoError(t, m.Await("mounted"))
		require.NoError(t, m.Monitor.Unplug(vm.VhostUserDevice))
		require.NoError(t, m.Tell("go on"))
		require.NoError(t, m.Await("unmounted"))
		require.NoError(t, m.Monitor.AwaitUnplugged(vm.VhostUserDevice))
		require.NoError(t, m.Monitor.Disconnect(vm.VhostUserChardev))
		require.NoError(t, m.Monitor.Connect(vm.VhostUserChardev, socket))
		require.NoError(t, m.Monitor.Plug(vm.VhostUserDriver, vm.VhostUserDevice, vm.VhostUserProperties()))
		require.NoError(t, m.Tell("go on"))
		passes(t, m, "unplugged")
	})
}

func TestKilledGuestDoesNotDisturbAnother(t *testing.T) {
	srv := &p9srv.Server{}
	socket := serveVirtio(t, srv)
	killed := startGuestAt(t, underNewQEMU(t, "6.1", "held"), socket, vm.SharedMemory())
	other := startGuestAt(t, underNewQEMU(t, "7.2", "held"), socket, vm.SharedMemory())
	require.NoError(t, killed.Await("held"))
	require.NoError(t, other.Await("held"))
	assert.Equal(t, 2, srv.Kernel.Sessions())
	killed.Kill()
	eventually(t, "the killed guest's session has ended", func() bool { return srv.Kernel.Sessions() == 1 })
	require.NoError(t, other.Tell("go on"))
	passes(t, other, "held")
}

// TestMachineWithoutSharedMemoryRuns: its device is out of service, and the server's log says
// what is missing.
func TestMachineWithoutSharedMemoryRuns(t *testing.T) {
	forNewQEMU(t, func(t *testing.T, config vm.Config) {
		config.Scenarios = []string{"no-device"}
		var log locked.Buffer
		srv := &p9srv.Server{Log: slog.New(slog.NewTextHandler(&log, nil))}
		m := startGuestAt(t, config, serveVirtio(t, srv), nil)
		passes(t, m, "no-device")
		assert.Contains(t, log.String(), "share=on")
	})
}

func TestShutdownWithAGuestIsPromptAndLogsItsProcess(t *testing.T) {
	var log locked.Buffer
	srv := &p9srv.Server{Log: slog.New(slog.NewTextHandler(&log, nil))}
	m := startGuest(t, srv, underNewQEMU(t, "7.2", "held"))
	require.NoError(t, m.Await("held"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, srv.Shutdown(ctx))
	assert.Contains(t, log.String(), "a virtual machine is attached")
	assert.Contains(t, log.String(), fmt.Sprintf("pid=%d", m.PID()))
	assert.Zero(t, srv.Kernel.Sessions())
}
