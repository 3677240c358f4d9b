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

// What a front-end gives us to keep is an eventfd or one end of a socketpair.
// Anything else could wait, never be drained, or keep open what must end.

// prepareEventFD refuses what is not an eventfd that counts, and sets it not to
// wait. The front-end shares the flag, and sets it itself in QEMU; virtio_uml
// only ever writes, which does not wait for less than 2^64 kicks.
func prepareEventFD(fd int) error {
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return fmt.Errorf("look at a descriptor: %w", err)
	}
	if name != "anon_inode:[eventfd]" {
		return errors.New("the descriptor is no eventfd")
	}
	if isSemaphore(fd) {
		return errors.New("the eventfd is a semaphore (EFD_SEMAPHORE)")
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return fmt.Errorf("set an eventfd not to wait: %w", err)
	}
	return nil
}

// isSemaphore reports whether reading an eventfd takes 1 off its counter only:
// it would be readable 2^64 times after one write. Linux before 6.5 does not
// say; there idle kicks are slowed down, see restLocked.
func isSemaphore(fd int) bool {
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	return err == nil && strings.Contains(string(info), "\neventfd-semaphore: 1\n")
}

// prepareSocket refuses a socket by which the front-end could keep a connection
// open after its own end: we never see the end of a connection whose other end
// we have. The other end of any connection that was accepted has a name for its
// peer; that of own, which may be inherited, cannot be written to once nothing
// can be read here.
//
// Nothing is ever read from the socket. It is shut, as there may be
// descriptors in what it receives.
func prepareSocket(fd int, own *net.UnixConn) error {
	if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_STREAM || !isUnixSocket(fd) {
		return errors.New("the descriptor is no unix stream socket")
	}
	for _, name := range []func(int) (unix.Sockaddr, error){unix.Getsockname, unix.Getpeername} {
		addr, err := name(fd)
		if unnamed, ok := addr.(*unix.SockaddrUnix); err != nil || !ok || unnamed.Name != noName {
			return errors.New("the socket is none of a socketpair")
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

// noName is the name that package unix has for a socket without one.
const noName = "@"

func isUnixSocket(fd int) bool {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	return err == nil && domain == unix.AF_UNIX
}

// writable reports whether the other end has not been shut. It sends nothing.
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
