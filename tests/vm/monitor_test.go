package vm

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// emptyMachine returns arguments of QEMU for a machine with nothing to boot.
func emptyMachine() []string {
	return append([]string{
		"-accel", "tcg", "-machine", "q35", "-nodefaults", "-display", "none", "-no-reboot", "-m", memory,
	}, monitorArguments()...)
}

// startEmpty starts an empty machine with further arguments. The end of the test kills it.
func startEmpty(t *testing.T, args ...string) *Machine {
	t.Helper()
	command := NeedNewQEMU(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	m, err := start(ctx, command, append(emptyMachine(), args...))
	require.NoError(t, err)
	t.Cleanup(m.Kill)
	return m
}

func status(t *testing.T, m *Monitor) string {
	t.Helper()
	word, err := m.Status()
	require.NoError(t, err)
	return word
}

func TestMonitorStopsAndResetsAMachine(t *testing.T) {
	m := startEmpty(t)
	require.NoError(t, m.Monitor.Stop())
	assert.Equal(t, "paused", status(t, m.Monitor))
	require.NoError(t, m.Monitor.Cont())
	assert.Equal(t, "running", status(t, m.Monitor))
	require.NoError(t, m.Monitor.OnRestart("reset"))
	for range 3 {
		require.NoError(t, m.Monitor.Reset())
		require.NoError(t, m.Monitor.Await("RESET"))
	}
	require.NoError(t, m.Monitor.OnRestart("shutdown"))
	require.NoError(t, m.Monitor.Reset())
	require.NoError(t, m.Monitor.Await("SHUTDOWN"))
	<-m.ended
}

func TestMonitorPlugsAndUnplugsADevice(t *testing.T) {
	m := startEmpty(t, "-device", "virtio-serial-pci")
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	for range 2 {
		require.NoError(t, m.Monitor.Connect("line", socket))
		conn, err := l.Accept()
		require.NoError(t, err)
		require.NoError(t, m.Monitor.Plug("virtserialport", "port", map[string]any{"chardev": "line"}))
		assert.ErrorContains(t, m.Monitor.Disconnect("line"), "busy")
		require.NoError(t, m.Monitor.Unplug("port"))
		require.NoError(t, m.Monitor.AwaitUnplugged("port"))
		require.NoError(t, m.Monitor.Disconnect("line"))
		_, err = conn.Read(make([]byte, 1))
		assert.Error(t, err, "QEMU has closed the connection")
		_ = conn.Close()
	}
}

func TestMonitorReturnsTheErrorOfQEMU(t *testing.T) {
	m := startEmpty(t)
	assert.ErrorContains(t, m.Monitor.Unplug("nosuch"), "device_del: QEMU says: Device 'nosuch' not found")
	assert.Equal(t, "running", status(t, m.Monitor))
}

func TestAwaitFailsWhenQEMUEnds(t *testing.T) {
	for name, end := range map[string]func(*Machine){
		"quit":  func(m *Machine) { assert.NoError(t, m.Monitor.Quit()) },
		"crash": func(m *Machine) { assert.NoError(t, m.cmd.Process.Kill()) },
	} {
		t.Run(name, func(t *testing.T) {
			m := startEmpty(t)
			end(m)
			assert.ErrorContains(t, m.Monitor.Await("RESET"), "wait for RESET: read from QEMU")
			<-m.ended
			assert.Equal(t, name == "crash", m.err != nil)
		})
	}
}

func TestStartFailsWithTheTextOfQEMU(t *testing.T) {
	_, err := start(t.Context(), NeedNewQEMU(t), append(monitorArguments(), "-device", "nosuch"))
	assert.ErrorContains(t, err, "'nosuch' is not a valid device model name")
}
