package p9srv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/mdlayher/vsock"
	"golang.org/x/sys/unix"
)

func (e *Endpoint) parseFD(options string, hasOptions bool) error {
	if hasOptions {
		return fmt.Errorf("option %q: an inherited socket has none", options)
	}
	if n, err := strconv.ParseUint(e.Address, 10, 31); err != nil || strconv.FormatUint(n, 10) != e.Address {
		return fmt.Errorf("want fd:N, the number of an inherited socket")
	}
	return nil
}

// Inherit takes the socket of an endpoint fd:N over from whoever started this
// process: a listener if it listens, and otherwise its connection. It is taken
// once: N is closed. Where descriptors 0, 1 and 2 are that socket, as inetd starts
// servers, they become /dev/null, so that nobody prints into the connection.
func (e Endpoint) Inherit() (net.Listener, net.Conn, error) {
	l, c, err := e.inherit()
	return guardListener(l), c, err
}

// inherit is Inherit, also for a socket that takes descriptors.
func (e Endpoint) inherit() (net.Listener, net.Conn, error) {
	n, err := strconv.Atoi(e.Address)
	if err != nil || e.Network != "fd" {
		return nil, nil, fmt.Errorf("%s is no inherited socket", e)
	}
	l, c, err := inheritFD(n)
	if err != nil {
		return nil, nil, fmt.Errorf("take over %s: %w", e, err)
	}
	return l, c, nil
}

func inheritFD(fd int) (net.Listener, net.Conn, error) {
	listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	switch {
	case errors.Is(err, unix.EBADF) && !isOpen(fd):
		return nil, nil, errors.New("no such descriptor is open")
	case errors.Is(err, unix.ENOTSOCK), errors.Is(err, unix.EBADF): // which has no reads (O_PATH)
		return nil, nil, errors.New("the descriptor is no socket")
	case err != nil:
		return nil, nil, err
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_STREAM {
		return nil, nil, errors.Join(errors.New("it is no stream socket"), err)
	}
	if listens == 0 {
		if _, err := unix.Getpeername(fd); err != nil && !isOtherFamily(err) {
			return nil, nil, fmt.Errorf("it neither listens nor is connected: %w", err)
		}
	}
	f, err := takeOver(fd)
	if err != nil {
		return nil, nil, err
	}
	if listens == 0 {
		c, err := fileConn(f)
		return nil, c, errors.Join(err, f.Close())
	}
	l, err := fileListener(f)
	return l, nil, errors.Join(err, f.Close())
}

// fileListener returns the listener of a file, which is a copy.
func fileListener(f *os.File) (net.Listener, error) {
	l, err := net.FileListener(f)
	switch {
	case err == nil:
		return l, nil
	case !isOtherFamily(err):
		return nil, reason(err)
	}
	v, err := vsock.FileListener(f) // of which net knows nothing
	if err != nil {
		return nil, errors.New("it listens, but is not a unix, TCP or vsock socket")
	}
	return v, nil
}

// isOpen reports whether a descriptor is open, of whatever kind.
func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// isOtherFamily reports whether an error is of an address family that a package does not
// know.
func isOtherFamily(err error) bool {
	return errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.EAFNOSUPPORT)
}

// fileConn returns the connection of a file, which is a copy. Its peer may have left by
// now: the connection has no address then.
func fileConn(f *os.File) (net.Conn, error) {
	c, err := net.FileConn(f)
	switch {
	case isOtherFamily(err):
		return nil, errors.New("it is connected, but is not a unix or TCP socket")
	case err != nil:
		return nil, reason(err)
	case c.RemoteAddr() == nil:
		return nil, errors.Join(errors.New("it is not connected any more"), c.Close())
	}
	return c, nil
}

// listenFD takes over a socket that listens.
func (e Endpoint) listenFD() (net.Listener, error) {
	l, c, err := e.Inherit()
	if c != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: it is connected and does not listen", e), c.Close())
	}
	return l, err
}

// dialFD takes over a socket that is connected.
func (e Endpoint) dialFD() (net.Conn, error) {
	l, c, err := e.Inherit()
	if l != nil {
		return nil, errors.Join(fmt.Errorf("connect to %s: it listens and is not connected", e), l.Close())
	}
	return c, err
}
