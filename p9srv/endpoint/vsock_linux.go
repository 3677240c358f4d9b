package endpoint

import (
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/mdlayher/vsock"
	"golang.org/x/sys/unix"
)

// isNoVsock reports whether an error says that the kernel lacks the address family or a
// transport for it.
func isNoVsock(err error) bool {
	return errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.ENODEV) ||
		errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EADDRNOTAVAIL)
}

// vsockListener is a listener that gives access to its descriptor. The one of package
// vsock does not.
type vsockListener struct {
	*vsock.Listener
	file *os.File // the same socket
}

// listenVsock listens on a new socket.
func listenVsock(cid, port uint32) (net.Listener, error) {
	fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), "vsock listener")
	if err := unix.Bind(fd, &unix.SockaddrVM{CID: cid, Port: port}); err != nil {
		return nil, errors.Join(os.NewSyscallError("bind", err), file.Close())
	}
	if err := unix.Listen(fd, unix.SOMAXCONN); err != nil {
		return nil, errors.Join(os.NewSyscallError("listen", err), file.Close())
	}
	return newVsockListener(file)
}

// newVsockListener returns a listener on the socket file. It takes over file, also if it
// returns an error.
func newVsockListener(file *os.File) (net.Listener, error) {
	l, err := vsock.FileListener(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return vsockListener{l, file}, nil
}

// Close implements net.Listener. Several goroutines may close the listener at the same time.
// A file that another goroutine has closed is not an error.
func (l vsockListener) Close() error {
	err := l.file.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(l.Listener.Close(), err)
}

// SyscallConn implements syscall.Conn.
func (l vsockListener) SyscallConn() (syscall.RawConn, error) { return l.file.SyscallConn() }
