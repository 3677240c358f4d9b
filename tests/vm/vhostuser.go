package vm

import "encoding/json"

// VhostUserDriver is QEMU's device of any kind whose queues another program
// serves over a unix socket (10.2 and later; QEMU's docs/interop/vhost-user.rst).
const VhostUserDriver = "vhost-user-test-device-pci"

// Names that VhostUser9P gives.
const (
	VhostUserDevice  = "vhost-user-9p"
	VhostUserChardev = "vhost-user-9p-socket"
	VhostUserBus     = "vhost-user-9p-slot"
)

// SharedMemory are arguments of QEMU that put the guest's memory where the
// programs behind its devices can have it. Without it there is no device for
// the guest.
func SharedMemory() []string {
	return []string{"-object", "memory-backend-memfd,id=memory,share=on,size=" + memory, "-machine", "memory-backend=memory"}
}

// VhostUser9P are arguments of QEMU for a virtio-9p device that is served on a
// unix socket. QEMU connects at its start and wants answers before the guest runs
// and before Start returns. The device is in a slot of its own, as q35 has no other
// from which to unplug; slots of other devices need a chassis of another number.
func VhostUser9P(socket string) []string {
	device := VhostUserProperties()
	device["driver"], device["id"] = VhostUserDriver, VhostUserDevice
	text, err := json.Marshal(device)
	if err != nil {
		panic(err) // strings and numbers
	}
	return []string{
		"-chardev", "socket,id=" + VhostUserChardev + ",path=" + socket,
		"-device", "pcie-root-port,chassis=9,id=" + VhostUserBus,
		"-device", string(text),
	}
}

// VhostUserProperties are those of the device, as for Monitor.Plug. Its kind is 9
// (virtio 1.3, section 5), and it has one queue, as long as that of QEMU's own
// virtio-9p. The configuration is a tag and its length; a shorter tag leaves
// room, a longer one would be cut.
func VhostUserProperties() map[string]any {
	return map[string]any{
		"chardev": VhostUserChardev, "bus": VhostUserBus,
		"virtio-id": 9, "num_vqs": 1, "vq_size": 128, "config_size": 64,
	}
}
