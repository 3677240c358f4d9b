//go:build linux

package vhostuser

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// This file checks the descriptors that a front-end gives us to keep. Each must be an eventfd
// or one end of a socketpair. Any other kind could block, could stay full, or could keep a
// connection open that must end.

// prepareEventFD refuses a descriptor that is not an eventfd with a counter. It sets
// O_NONBLOCK, which the front-end shares. That does no harm: QEMU sets the flag itself, and
// virtio_uml only writes, which does not block for less than 2^64 kicks.
func prepareEventFD(fd int) error {
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return fmt.Errorf("find the kind of a descriptor: %w", err)
	}
	if name != "anon_inode:[eventfd]" {
		return errors.New("the descriptor is not an eventfd")
	}
	if isSemaphore(fd) {
		return errors.New("the eventfd is a semaphore (EFD_SEMAPHORE)")
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return fmt.Errorf("make an eventfd non-blocking: %w", err)
	}
	return nil
}

// isSemaphore reports whether a read of an eventfd takes only 1 off its counter. After one
// write it could be readable 2^64 times. Linux before 6.5 does not report this. There
// restLocked slows down kicks without requests.
func isSemaphore(fd int) bool {
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	return err == nil && strings.Contains(string(info), "\neventfd-semaphore: 1\n")
}

// prepareSocket refuses a socket that could keep a connection open after its front-end has
// gone. This process never sees the end of a connection if it has the other end itself. Such
// a socket is found in two ways:
//
//   - The other end of an accepted connection has a peer with a name. Sockets of a socketpair
//     have no names.
//   - own may be an inherited socket of a socketpair. It cannot be written to after its
//     other end is shut for reading.
//
// The socket is shut for reading in any case. Nothing is ever read from it, and descriptors
// could gather in its queue.
func prepareSocket(fd int, own *net.UnixConn) error {
	if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_STREAM || !isUnixSocket(fd) {
		return errors.New("the descriptor is not a unix stream socket")
	}
	for _, name := range []func(int) (unix.Sockaddr, error){unix.Getsockname, unix.Getpeername} {
		addr, err := name(fd)
		if unnamed, ok := addr.(*unix.SockaddrUnix); err != nil || !ok || unnamed.Name != noName {
			return errors.New("the socket is not from a socketpair")
		}
	}
	if err := unix.Shutdown(fd, unix.SHUT_RD); err != nil {
		return fmt.Errorf("shut a socket: %w", err)
	}
	if waiting, err := unix.IoctlGetInt(fd, unix.SIOCINQ); err != nil || waiting != 0 {
		return errors.New("the socket has received something already")
	}
	if !writable(own) {
		return errors.New("the socket is the other end of this connection")
	}
	return nil
}

// noName is what package unix returns as the name of a socket without a name.
const noName = "@"

func isUnixSocket(fd int) bool {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	return err == nil && domain == unix.AF_UNIX
}

// writable reports whether the other end is not shut for reading. It sends no bytes.
func writable(c *net.UnixConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	var sendErr error
	err = raw.Control(func(fd uintptr) {
		sendErr = unix.Sendto(int(fd), nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil)
	})
	return err == nil && !errors.Is(sendErr, unix.EPIPE)
}
