package rights

import (
	"net"

	"golang.org/x/sys/unix"
)

// Listener is a unix listener. Connections that are not accepted yet may have descriptors in
// their queues. Close does not wait until these are closed.
type Listener struct {
	*net.UnixListener
	mayCome bool // descriptors may have been sent over such a connection; immutable
}

// NewListener returns a listener for l whose connections refuse descriptors as far as the
// kernel can.
func NewListener(l *net.UnixListener) Listener { return Listener{l, MayCome(l)} }

// Taking returns a listener for l whose connections accept descriptors.
func Taking(l *net.UnixListener) Listener { return Listener{l, true} }

// farFD is the lowest number for the copy of a listener's descriptor. Lower numbers stay free
// for descriptors that are inherited and known by their number.
const farFD = 64

// Close implements net.Listener. It closes l at once, and a copy of its descriptor in another
// thread: closing the last descriptor may take long.
func (l Listener) Close() error {
	if !l.mayCome {
		return l.UnixListener.Close()
	}
	last := -1
	err := control(l.UnixListener, func(fd int) { last, _ = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, farFD) })
	closeErr := l.UnixListener.Close()
	if err == nil && last >= 0 { // -1: the process has no descriptor left
		Later(func() error { return unix.Close(last) })
	}
	return closeErr
}
