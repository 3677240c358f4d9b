// Package vhosttest plays the other side of package vhostuser, for tests and benchmarks. A
// Front is a front-end, such as QEMU, together with the guest's driver. It uses a socketpair
// and a memfd, and needs no virtual machine.
//
//	front, back, err := vhosttest.Pair()
//	conn, err := device.NewConn(back)
//	f, err := vhosttest.New(front, vhosttest.Options{})
//	err = f.Connect()
//	answer, err := f.Call(request, room)
//
// Its messages follow QEMU 11 (hw/virtio/vhost.c, vhost-user.c), or with Options.UML Linux's
// arch/um/drivers/virtio_uml.c. The package defines all numbers itself, so that tests find a
// wrong number in package vhostuser.
package vhosttest
