//go:build linux

package vhostuser

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint/rights"
)

// one is the number 1. Writing it makes an eventfd readable (eventfd(2)).
var one = appendU64(1)

// notifier notifies the guest, or the front-end, of a change of the ring. The zero value
// does nothing.
type notifier struct {
	fd     int
	is     bool // fd is a descriptor
	socket bool // fd is a socket
}

// newNotifier makes a notifier of a descriptor, for the connection own. The notifier owns the
// descriptor if there is no error. The descriptor must be an eventfd or a socket: a full pipe
// would block the writer. virtio_uml sends one end of a socketpair (os_pipe in
// arch/um/os-Linux/file.c). A write to a socket can be told not to wait.
func newNotifier(fd int, own *net.UnixConn) (notifier, error) {
	if isUnixSocket(fd) {
		return newSocketNotifier(fd, own)
	}
	return notifier{fd: fd, is: true}, prepareEventFD(fd)
}

// newSocketNotifier is like newNotifier, for a socket only.
func newSocketNotifier(fd int, own *net.UnixConn) (notifier, error) {
	return notifier{fd: fd, is: true, socket: true}, prepareSocket(fd, own)
}

// fire notifies the peer. It ignores errors: a write fails if the peer has not read earlier
// notifications, and these suffice.
func (n notifier) fire() {
	switch {
	case n.socket:
		_ = unix.Sendto(n.fd, one, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil)
	case n.is && isWritable(n.fd):
		_, _ = unix.Write(n.fd, one)
	}
}

// isWritable reports whether a write will not wait now. The front-end shares O_NONBLOCK. It
// may have cleared that flag and filled the counter.
func isWritable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLOUT != 0
}

// empty frees a goroutine that waits in fire, by reading the full counter to 0. The waiting
// write then stands for all notifications that are lost.
func (n notifier) empty() {
	if n.is && !n.socket && !isWritable(n.fd) {
		var number [8]byte
		_, _ = unix.Preadv2(n.fd, [][]byte{number[:]}, -1, unix.RWF_NOWAIT)
	}
}

func (n *notifier) close() {
	if n.is {
		closeFD(n.fd)
	}
	*n = notifier{}
}

// newKick makes a file of the eventfd by which the guest announces requests. The file owns
// the descriptor if there is no error. Reads wait in Go's poller.
func newKick(fd int) (*os.File, error) {
	if err := prepareEventFD(fd); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "kick"), nil
}

// closeFD closes a descriptor. Nothing was written to it that could be lost. It does not wait
// if the close of this kind of descriptor can take long.
func closeFD(fd int) { rights.Discard(fd, nil) }
