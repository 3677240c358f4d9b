package rights

import (
	"errors"
	"io"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read is read(2) for a unix socket to which descriptors may have been sent. It returns
// ErrSent, and takes nothing, if some came with the next len(p) bytes or right after
// these. One goroutine at a time reads a socket.
//
// The look costs a system call. It takes no descriptor, so that it also works where this
// process has no room for more.
func Read(fd int, p []byte) (int, error) {
	for {
		n, err := lookAndRead(fd, p)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

func lookAndRead(fd int, p []byte) (int, error) {
	n, flags, err := peek(fd, p)
	switch {
	case err != nil:
		return 0, err
	case flags&unix.MSG_CTRUNC != 0: // there was more than bytes
		return 0, ErrSent
	case n == 0:
		return 0, nil
	}
	return unix.Read(fd, p[:n]) // nothing of what came since
}

// peek copies bytes that stay in the queue, and returns the flags of recvmsg(2). The
// function of package unix allocates an address.
func peek(fd int, p []byte) (n, flags int, err error) {
	iov := unix.Iovec{Base: unsafe.SliceData(p)}
	iov.SetLen(len(p))
	m := unix.Msghdr{Iov: &iov}
	m.SetIovlen(1)
	r, _, errno := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), unix.MSG_PEEK)
	if errno != 0 {
		return 0, 0, errno
	}
	return int(r), int(m.Flags), nil
}

// Socket is a connection that has a descriptor, such as a net.UnixConn.
type Socket interface {
	syscall.Conn
	io.Closer
}

// Shut ends both directions of a connection, which stays to be closed. Reads and writes
// that wait return.
func Shut(c syscall.Conn) error {
	var shutErr error
	err := control(c, func(fd int) { shutErr = unix.Shutdown(fd, unix.SHUT_RDWR) })
	if errors.Is(shutErr, unix.ENOTCONN) {
		shutErr = nil
	}
	return errors.Join(err, shutErr)
}

// Close ends a connection to which descriptors may have been sent, and closes it: later
// if some are still in its queue. Nobody reads or writes it any more.
func Close(c Socket) error {
	empty := false
	if err := control(c, func(fd int) { empty = drain(fd) }); err != nil {
		return err
	}
	if empty {
		return c.Close()
	}
	Later(c.Close)
	return nil
}

// drainSize is how much drain reads at once, in bytes.
const drainSize = 16 << 10

// drain empties the queue of a socket as far as it has bytes only, and reports whether
// that is all of it. What is there is bounded: nothing more comes after the shutdown.
func drain(fd int) bool {
	_ = unix.Shutdown(fd, unix.SHUT_RDWR)
	p := make([]byte, drainSize)
	for {
		if n, err := Read(fd, p); err != nil || n == 0 {
			return !errors.Is(err, ErrSent)
		}
	}
}
