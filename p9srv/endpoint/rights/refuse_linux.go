package rights

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Control calls Refuse for a new socket. It has the type of net.ListenConfig.Control and
// net.Dialer.Control. Connections of a listener then refuse descriptors, too.
func Control(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { Refuse(int(fd)) })
}

// Refuse makes the kernel refuse descriptors that are sent to a unix socket. For a listener
// that applies to all connections from now on. Refuse reports whether no descriptors can come.
// False means that the kernel is older than Linux 6.16, or that some may have come before the
// call. Such a socket needs Read and Close. Refuse returns true for sockets of other kinds,
// which carry no descriptors.
func Refuse(fd int) bool {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err == nil && domain != unix.AF_UNIX {
		return true
	}
	passes, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSRIGHTS)
	if err == nil && passes == 0 {
		return true
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSRIGHTS, 0)
	prepareToLook(fd)
	return false
}

// MayCome calls Refuse for a connection or a listener, and reports whether descriptors may
// come, the opposite. It is false for a value without a descriptor.
func MayCome(c any) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	refused := false
	err := control(s, func(fd int) { refused = Refuse(fd) })
	return err == nil && !refused
}

// prepareToLook turns off all socket options that Read would mistake for descriptors. It
// ignores errors: a kernel without an option has nothing to turn off.
func prepareToLook(fd int) {
	for _, option := range []int{unix.SO_PASSCRED, unix.SO_PASSSEC, unix.SO_PASSPIDFD} {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 0)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEEK_OFF, -1)
}

// control calls do with the descriptor of c.
func control(c syscall.Conn, do func(fd int)) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { do(int(fd)) })
}
