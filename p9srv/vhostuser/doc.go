// Package vhostuser is the back-end of one virtio device with one queue. The device's driver
// runs in a virtual machine. Its memory and its messages reach this process over a unix
// socket. The package knows neither what requests mean nor what kind of device it is.
//
// It exists on Linux only.
//
// # The path of a request
//
//	driver --> ring in guest memory --> kick eventfd --> Conn.Next, Conn.Poll --> caller
//	driver <-- ring in guest memory <-- call eventfd <-- Conn.Push <-- caller
//	front-end (QEMU, UML) <-- messages --> Conn's own goroutine
//
// The caller's goroutine takes requests off the ring itself. Each Conn has one goroutine,
// which answers the front-end's messages. They come when a machine starts, stops or is
// reset.
//
// # Terms
//
//   - The front-end is the program of the virtual machine. It has the socket's other end.
//   - A chain is a list of buffers in guest memory, for a request and for its answer.
//   - The room of a chain is the size of the buffers for the answer.
//   - A session is the life of a driver. It begins when the ring starts anew. A stop of the
//     machine does not end it if the machine continues. It ends with a reset of the driver,
//     with hostile content of the ring, or with the connection.
//
// # What a peer can do
//
// Neither the guest nor the front-end is trusted. Everything in guest memory is read once,
// into variables, and these are checked and used.
//
// An error of the guest breaks its ring: no more requests are taken or answered until its
// driver is reset. So does memory that the front-end truncates.
//
// A wrong message of the front-end is refused. It takes the device out of service until the
// front-end stops the ring, or begins anew with SET_FEATURES.
//
// Neither error closes the socket. QEMU 11 aborts the whole machine once the socket of a
// vhost-user device has closed (hw/virtio/vhost.c, "hdev->vhost_ops" assertions). The socket
// is closed only in these cases:
//
//   - The next message cannot be found in the stream of bytes.
//   - The front-end says nothing at first, stops within a message, or does not read replies
//     (Timeouts).
//   - This process has too few descriptors left to receive those of the front-end.
//
// # Concurrency
//
// Only one goroutine at a time may call Next and Poll of a Conn. All other methods may be
// called from any goroutine at any time.
//
// # Byte order
//
// The ring is little-endian (virtio 1.2 section 2.7). Messages have the host's byte order
// (QEMU's docs/interop/vhost-user.rst, "Message Specification").
//
// # Limits
//
// These are the largest values:
//
//   - a ring: Device.MaxQueueSize entries
//   - a chain: 1024 descriptors in an indirect table, and 1 GiB
//   - guest memory: 64 regions and 4 TiB
//   - a message: 4096 bytes after its header
//   - all connections together: one half of the mappings, the address space and the
//     descriptors of the process (Budget)
package vhostuser
