package vm

import (
	"encoding/json"
	"fmt"
	"maps"
)

// Stop halts the guest's processors and its devices.
func (m *Monitor) Stop() error { return m.Execute("stop", nil) }

// Cont lets a stopped guest go on.
func (m *Monitor) Cont() error { return m.Execute("cont", nil) }

// Status returns QEMU's word for the state of the guest: "running", "paused".
func (m *Monitor) Status() (string, error) {
	answer, err := m.query("query-status", nil)
	if err != nil {
		return "", err
	}
	var state struct{ Status string }
	if err := json.Unmarshal(answer, &state); err != nil {
		return "", fmt.Errorf("query-status: %w", err)
	}
	return state.Status, nil
}

// Reset presses the reset button, which ends QEMU unless OnRestart said "reset".
// The event "RESET" tells of it. See Machine.Reset for a guest.
func (m *Monitor) Reset() error { return m.Execute("system_reset", nil) }

// OnRestart says what a reset or a restart by the guest does: "reset" boots
// it again, "shutdown" ends QEMU, as -no-reboot says for the start.
func (m *Monitor) OnRestart(action string) error {
	return m.Execute("set-action", map[string]any{"reboot": action})
}

// Plug adds a device, with its properties. The guest finds it later.
func (m *Monitor) Plug(driver, id string, properties map[string]any) error {
	arguments := map[string]any{"driver": driver, "id": id}
	maps.Copy(arguments, properties)
	return m.Execute("device_add", arguments)
}

// Unplug asks for a device's removal. It goes when the guest has given it up.
func (m *Monitor) Unplug(id string) error {
	return m.Execute("device_del", map[string]any{"id": id})
}

// AwaitUnplugged waits until a device is gone.
func (m *Monitor) AwaitUnplugged(id string) error {
	return m.await("the end of device "+id, func(e message) bool {
		return e.Event == "DEVICE_DELETED" && e.Data.Device == id
	})
}

// Connect connects to a unix socket, for devices that name this chardev.
func (m *Monitor) Connect(chardev, socket string) error {
	address := map[string]any{"type": "unix", "data": map[string]any{"path": socket}}
	return m.Execute("chardev-add", map[string]any{"id": chardev, "backend": map[string]any{
		"type": "socket", "data": map[string]any{"addr": address, "server": false},
	}})
}

// Disconnect ends a connection that no device uses any more: before
// AwaitUnplugged has returned QEMU says that it is busy.
func (m *Monitor) Disconnect(chardev string) error {
	return m.Execute("chardev-remove", map[string]any{"id": chardev})
}

// Quit ends QEMU without a word to the guest.
func (m *Monitor) Quit() error { return m.Execute("quit", nil) }
