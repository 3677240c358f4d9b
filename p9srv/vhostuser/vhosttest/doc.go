// Package vhosttest is the other side of package vhostuser, for tests and
// benchmarks: a front-end, such as QEMU, and the guest's driver, over a
// socketpair and a memfd. No virtual machine is needed.
//
//	front, back, err := vhosttest.Pair()
//	conn, err := device.NewConn(back)
//	f, err := vhosttest.New(front, vhosttest.Options{})
//	err = f.Connect()
//	answer, err := f.Call(request, room)
//
// What it sends follows QEMU 11 (hw/virtio/vhost.c, vhost-user.c) or, if told,
// Linux's arch/um/drivers/virtio_uml.c. It has numbers of its own, so that a
// wrong one in package vhostuser is found.
package vhosttest
