//go:build linux

package vhostuser

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint/rights"
)

// one is what makes an eventfd readable (eventfd(2)).
var one = appendU64(1)

// notifier is what makes the guest, or the front-end, look at the ring. The
// zero value tells nobody.
type notifier struct {
	fd     int
	is     bool // there is one
	socket bool // fd is a socket
}

// newNotifier makes a notifier of a descriptor, for a connection. It owns the
// descriptor if there is no error.
// It must be an eventfd: a full pipe would make the writer wait. virtio_uml sends
// the one end of a socketpair (os_pipe in arch/um/os-Linux/file.c), for which
// writing can be told not to wait.
func newNotifier(fd int, own *net.UnixConn) (notifier, error) {
	if isUnixSocket(fd) {
		return newSocketNotifier(fd, own)
	}
	return notifier{fd: fd, is: true}, prepareEventFD(fd)
}

// newSocketNotifier is newNotifier for a socket only.
func newSocketNotifier(fd int, own *net.UnixConn) (notifier, error) {
	return notifier{fd: fd, is: true, socket: true}, prepareSocket(fd, own)
}

// fire notifies. A peer that does not take it has notifications waiting, so
// that errors say nothing new.
func (n notifier) fire() {
	switch {
	case n.socket:
		_ = unix.Sendto(n.fd, one, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil)
	case n.is && isWritable(n.fd):
		_, _ = unix.Write(n.fd, one)
	}
}

// isWritable says whether a write will not wait: the front-end can have cleared
// O_NONBLOCK, which it shares, and filled the counter.
func isWritable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLOUT != 0
}

// empty lets a fire that waits go on: only a full counter has it wait. What it
// writes then stands for all notifications that are lost.
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

// newKick makes a file of the eventfd on which the guest tells of requests, and
// owns it if there is no error. Reading waits in Go's poller.
func newKick(fd int) (*os.File, error) {
	if err := prepareEventFD(fd); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "kick"), nil
}

// closeFD closes a descriptor to which nothing was written that could be lost. It does
// not wait for one of a kind that a front-end can make slow to close.
func closeFD(fd int) { rights.Discard(fd, nil) }
