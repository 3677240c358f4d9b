// Package vhostuser is the back-end of one virtio device with one queue, whose
// driver runs in a virtual machine and whose memory and messages reach us over
// a unix socket. It knows neither what requests mean nor what device it is.
//
// It exists on Linux only.
//
// # The way of a request
//
//	driver --> ring in guest memory --> kick eventfd --> Conn.Next, Conn.Poll --> user
//	driver <-- ring in guest memory <-- call eventfd <-- Conn.Push <-- user
//	front-end (QEMU, UML) <-- messages --> Conn's own goroutine
//
// The user's goroutine takes requests off the ring itself. The one goroutine
// that a Conn has answers the front-end's messages, which come when a machine
// starts, stops or is reset.
//
// # Terms
//
// The front-end is the virtual machine's program and owns the socket's other
// end. A chain is a list of buffers in guest memory, that of a request and
// that for its answer. Room is the size of the latter. A session is the life
// of a driver: it begins when the ring starts anew, outlasts a machine that is
// stopped and continued, and ends with a reset of the driver, hostile content
// of the ring, or the connection.
//
// # What a peer can do
//
// Neither the guest nor the front-end is trusted. Everything in guest memory
// is read once, into variables, and what is checked there is what is used. What a guest does wrong
// breaks its ring: nothing more is taken or answered until its driver is
// reset. What a front-end asks wrongly is refused and takes the device out of
// service until the front-end stops the ring or begins anew with
// SET_FEATURES. Neither closes the socket, because QEMU 11 aborts the whole
// machine once a vhost-user device's socket has closed (hw/virtio/vhost.c,
// "hdev->vhost_ops" assertions). Only messages that cannot be told apart any
// more do, and a front-end that says nothing at first, stops within a message
// or does not read replies: see Timeouts. Memory that is truncated under us breaks the ring, like wrong
// content.
//
// # Concurrency
//
// One goroutine at a time calls Next and Poll of a Conn. All other methods may
// be called from any goroutine at any time.
//
// # Byte order
//
// The ring is little-endian (virtio 1.2 section 2.7), messages have the host's
// byte order (QEMU's docs/interop/vhost-user.rst, "Message Specification").
//
// # Limits
//
// A ring has at most Device.MaxQueueSize entries, a chain 1024 descriptors and
// 1 GiB, guest memory 64 regions and 4 TiB, a message 4096 bytes after its
// header. All connections together take at most one half of the mappings, the
// address space and the descriptors of the process: see Budget.
package vhostuser
