package vm

import "encoding/json"

// VhostUserDriver is the name of a device of QEMU 10.2 and later. It can be a virtio device of
// any kind, and another program serves it over a unix socket (QEMU's
// docs/interop/vhost-user.rst).
const VhostUserDriver = "vhost-user-test-device-pci"

// IDs that VhostUser9P gives to the device, its chardev and its bus.
const (
	VhostUserDevice  = "vhost-user-9p"
	VhostUserChardev = "vhost-user-9p-socket"
	VhostUserBus     = "vhost-user-9p-slot"
)

// SharedMemory returns arguments of QEMU that let the programs that serve devices map the
// guest's memory. Without them such a device does not work.
func SharedMemory() []string {
	return []string{"-object", "memory-backend-memfd,id=memory,share=on,size=" + memory, "-machine", "memory-backend=memory"}
}

// VhostUser9P returns arguments of QEMU for a virtio-9p device that a program serves on a unix
// socket. QEMU connects when it starts. It waits for the program's answers before the guest
// runs and before Start returns. The device has a slot of its own, because only from such a
// slot can a device of q35 be unplugged. Slots of other devices need another chassis number.
func VhostUser9P(socket string) []string {
	device := VhostUserProperties()
	device["driver"], device["id"] = VhostUserDriver, VhostUserDevice
	text, err := json.Marshal(device)
	if err != nil {
		panic(err) // cannot happen: strings and numbers
	}
	return []string{
		"-chardev", "socket,id=" + VhostUserChardev + ",path=" + socket,
		"-device", "pcie-root-port,chassis=9,id=" + VhostUserBus,
		"-device", string(text),
	}
}

// VhostUserProperties returns the properties of the device of VhostUser9P, for Monitor.Plug.
// Device kind 9 is virtio-9p (virtio 1.3, section 5). It has one queue, as long as that of
// QEMU's own virtio-9p. The 64 bytes of configuration have room for the mount tag and its
// length. A tag that does not fit would be cut.
func VhostUserProperties() map[string]any {
	return map[string]any{
		"chardev": VhostUserChardev, "bus": VhostUserBus,
		"virtio-id": 9, "num_vqs": 1, "vq_size": 128, "config_size": 64,
	}
}
