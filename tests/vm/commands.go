package vm

import (
	"encoding/json"
	"fmt"
	"maps"
)

// Stop stops the guest's processors and devices.
func (m *Monitor) Stop() error { return m.Execute("stop", nil) }

// Cont continues a stopped guest.
func (m *Monitor) Cont() error { return m.Execute("cont", nil) }

// Status returns QEMU's word for the state of the guest, such as "running" or "paused".
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

// Reset presses the reset button. After OnRestart("reset") QEMU sends the event "RESET".
// Otherwise QEMU ends. Machine.Reset also waits until the guest has booted again.
func (m *Monitor) Reset() error { return m.Execute("system_reset", nil) }

// OnRestart sets what a reset, or a restart by the guest, does. "reset" boots the guest again.
// "shutdown" ends QEMU, which is also what happens without OnRestart (-no-reboot).
func (m *Monitor) OnRestart(action string) error {
	return m.Execute("set-action", map[string]any{"reboot": action})
}

// Plug adds a device with its properties. It does not wait until the guest has found the
// device.
func (m *Monitor) Plug(driver, id string, properties map[string]any) error {
	arguments := map[string]any{"driver": driver, "id": id}
	maps.Copy(arguments, properties)
	return m.Execute("device_add", arguments)
}

// Unplug asks the guest to release a device, and QEMU then removes it. AwaitUnplugged waits
// for that.
func (m *Monitor) Unplug(id string) error {
	return m.Execute("device_del", map[string]any{"id": id})
}

// AwaitUnplugged waits until QEMU has removed a device.
func (m *Monitor) AwaitUnplugged(id string) error {
	return m.await("the removal of device "+id, func(e message) bool {
		return e.Event == "DEVICE_DELETED" && e.Data.Device == id
	})
}

// Connect adds a chardev that is connected to a unix socket. Devices then use it by its name.
func (m *Monitor) Connect(chardev, socket string) error {
	address := map[string]any{"type": "unix", "data": map[string]any{"path": socket}}
	return m.Execute("chardev-add", map[string]any{"id": chardev, "backend": map[string]any{
		"type": "socket", "data": map[string]any{"addr": address, "server": false},
	}})
}

// Disconnect removes a chardev and closes its connection. QEMU refuses that as busy until
// AwaitUnplugged has returned for the device that uses it.
func (m *Monitor) Disconnect(chardev string) error {
	return m.Execute("chardev-remove", map[string]any{"id": chardev})
}

// Quit ends QEMU. The guest gets no chance to shut down.
func (m *Monitor) Quit() error { return m.Execute("quit", nil) }
