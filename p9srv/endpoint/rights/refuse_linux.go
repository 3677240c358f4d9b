package rights

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Control refuses descriptors for a socket that is being made. It has the form of
// net.ListenConfig.Control. What a listener is told here applies to its connections.
func Control(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { Refuse(int(fd)) })
}

// Refuse makes the kernel refuse descriptors for a unix socket, and for those that
// connect to a listener from now on. It reports whether none can come: false on Linux
// before 6.16, and where some could have come before the call. Such a socket needs Read
// and Close. Sockets of other kinds carry none.
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

// MayCome is Refuse for a connection or a listener, and reports the opposite.
func MayCome(c any) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	refused := false
	err := control(s, func(fd int) { refused = Refuse(fd) })
	return err == nil && !refused
}

// prepareToLook turns off what else would look like descriptors to Read. Kernels that
// lack an option have nothing to turn off.
func prepareToLook(fd int) {
	for _, option := range []int{unix.SO_PASSCRED, unix.SO_PASSSEC, unix.SO_PASSPIDFD} {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 0)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEEK_OFF, -1)
}

func control(c syscall.Conn, do func(fd int)) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { do(int(fd)) })
}
