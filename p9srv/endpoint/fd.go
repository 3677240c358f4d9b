package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

var fdTransport = transport{
	name: "fd", form: "N", inherited: true,
	parse: parseFD,
}

// fdAddress is the number of an inherited descriptor, which must be a socket.
type fdAddress int

// FD returns the endpoint of an inherited socket.
func FD(n int) Endpoint { return Endpoint{&fdTransport, fdAddress(n)} }

func parseFD(text string) (address, error) {
	text, options, hasOptions := strings.Cut(text, ",")
	if hasOptions {
		return nil, fmt.Errorf("option %q: an inherited socket has none", options)
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return nil, fmt.Errorf("want fd:N, the number of an inherited socket")
	}
	return fdAddress(n), nil
}

// String implements address.
func (a fdAddress) String() string { return strconv.Itoa(int(a)) }

// open returns a listener if the socket listens, and otherwise its connection. It closes the
// descriptor N, so a socket can be opened once. See takeOver for descriptors 0, 1 and 2.
func (a fdAddress) open(context.Context) (net.Listener, net.Conn, error) {
	l, c, err := inheritFD(int(a))
	return Guard(l), c, err
}

func (a fdAddress) dial(ctx context.Context) (net.Conn, error) {
	l, c, err := a.open(ctx)
	if l != nil {
		return nil, errors.Join(errors.New("it listens and is not connected"), l.Close())
	}
	return c, err
}

// hint implements hinting.
func (fdAddress) hint() (Mount, bool) {
	return Mount{Note: "ask whoever opened the socket for its address"}, true
}

// inheritFD takes over an inherited stream socket. It does not make the socket refuse
// descriptors, because vhost-user needs them.
func inheritFD(fd int) (net.Listener, net.Conn, error) {
	listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	switch {
	case errors.Is(err, unix.EBADF) && !isOpen(fd):
		return nil, nil, errors.New("no such descriptor is open")
	case errors.Is(err, unix.ENOTSOCK), errors.Is(err, unix.EBADF): // EBADF: opened with O_PATH
		return nil, nil, errors.New("the descriptor is not a socket")
	case err != nil:
		return nil, nil, err
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_STREAM {
		return nil, nil, errors.Join(errors.New("it is not a stream socket"), err)
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

// fileListener returns a listener for a copy of the descriptor of f.
func fileListener(f *os.File) (net.Listener, error) {
	l, err := net.FileListener(f)
	switch {
	case err == nil:
		return l, nil
	case !isOtherFamily(err):
		return nil, reason(err)
	}
	copied, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, standardStreams)
	if err != nil {
		return nil, fmt.Errorf("duplicate it: %w", err)
	}
	v, err := newVsockListener(os.NewFile(uintptr(copied), "vsock listener")) // package net does not know vsock
	if err != nil {
		return nil, errors.New("it listens, but is not a unix, TCP or vsock socket")
	}
	return v, nil
}

// isOpen reports whether a descriptor of any kind is open.
func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// isOtherFamily reports whether an error says that the address family is not supported.
func isOtherFamily(err error) bool {
	return errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.EAFNOSUPPORT)
}

// fileConn returns a connection for a copy of the descriptor of f. It returns an error if the
// peer has reset the connection by now, which then has no remote address.
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
