package tests

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/vm"
)

// forNewQEMU runs a test with guests of two kernels under the newer QEMU.
func forNewQEMU(t *testing.T, test func(*testing.T, vm.Config)) {
	t.Helper()
	for _, version := range []string{"6.1", "7.2"} {
		t.Run(version, func(t *testing.T) { test(t, underNewQEMU(t, version)) })
	}
}

func underNewQEMU(t *testing.T, version string) vm.Config {
	t.Helper()
	return vm.Config{
		QEMU: vm.NeedNewQEMU(t), Kernel: vm.Need(t, "kernel-"+version),
		Modules: guestModules, Files: guestFiles(t),
	}
}

// startGuest builds and starts a guest of a server, and sees to its end.
func startGuest(t *testing.T, srv *p9srv.Server, config vm.Config) *vm.Machine {
	t.Helper()
	srv.Limits.HandshakeTimeout = bootTime
	config.Port = serveTCP(t, srv).Port
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	t.Cleanup(cancel)
	dir := t.TempDir()
	require.NoError(t, config.Build(ctx, dir))
	m, err := vm.Start(ctx, config, dir)
	require.NoError(t, err)
	t.Cleanup(m.Kill)
	return m
}

// passes waits for a guest's end and takes its reports as tests.
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

func TestLinuxMountsUnderNewQEMU(t *testing.T) {
	forNewQEMU(t, func(t *testing.T, config vm.Config) {
		config.Scenarios = []string{"contract", "oracle"}
		passes(t, startGuest(t, &p9srv.Server{}, config), config.Scenarios...)
	})
}

func TestSessionGoesOnAfterAStopOfTheMachine(t *testing.T) {
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
	})
}

func TestResetMachineBootsAndMountsAgain(t *testing.T) {
	forNewQEMU(t, func(t *testing.T, config vm.Config) {
		config.Scenarios = []string{"held"}
		m := startGuest(t, &p9srv.Server{}, config)
		require.NoError(t, m.Await("held"))
		require.NoError(t, m.Reset("held"))
		require.NoError(t, m.Tell("go on"))
		passes(t, m, "held")
	})
}

func TestGuestGivesUpAnUnpluggedDevice(t *testing.T) {
	forNewQEMU(t, func(t *testing.T, config vm.Config) {
		config.Scenarios = []string{"plugged"}
		config.Arguments = []string{"-device", "pcie-root-port,id=rng-port", "-device", "virtio-rng-pci,id=rng,bus=rng-port"}
		m := startGuest(t, &p9srv.Server{}, config)
		require.NoError(t, m.Await("plugged"))
		require.NoError(t, m.Monitor.Unplug("rng"))
		require.NoError(t, m.Monitor.AwaitUnplugged("rng"))
		require.NoError(t, m.Tell("go on"))
		require.NoError(t, m.Await("unplugged"))
		require.NoError(t, m.Monitor.Plug("virtio-rng-pci", "rng", map[string]any{"bus": "rng-port"}))
		require.NoError(t, m.Tell("go on"))
		passes(t, m, "plugged")
	})
}

func TestMachinesRunAtTheSameTimeAndOneIsKilled(t *testing.T) {
	config := underNewQEMU(t, "6.1")
	config.Scenarios = []string{"held"}
	killed, other := startGuest(t, &p9srv.Server{}, config), startGuest(t, &p9srv.Server{}, config)
	require.NoError(t, killed.Await("held"))
	require.NoError(t, other.Await("held"))
	killed.Kill()
	assert.Error(t, killed.Tell("go on"))
	require.NoError(t, other.Tell("go on"))
	passes(t, other, "held")
}
