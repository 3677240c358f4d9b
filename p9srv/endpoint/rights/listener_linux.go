package rights

import (
	"net"

	"golang.org/x/sys/unix"
)

// Listener is a unix listener whose Close does not wait for descriptors that were sent to
// connections which nobody has accepted.
type Listener struct {
	*net.UnixListener
	mayCome bool // also to connections of long ago; immutable
}

// NewListener returns l, whose connections refuse descriptors as far as the kernel can.
func NewListener(l *net.UnixListener) Listener { return Listener{l, MayCome(l)} }

// Taking returns l, whose connections take descriptors.
func Taking(l *net.UnixListener) Listener { return Listener{l, true} }

// farFD is above the numbers of descriptors that others name: the number that a listener
// was inherited with is free again once it is closed.
const farFD = 64

// Close implements net.Listener.
func (l Listener) Close() error {
	if !l.mayCome {
		return l.UnixListener.Close()
	}
	last := -1
	err := control(l.UnixListener, func(fd int) { last, _ = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, farFD) })
	closeErr := l.UnixListener.Close()
	if err == nil && last >= 0 { // -1: short of descriptors
		Later(func() error { return unix.Close(last) })
	}
	return closeErr
}
