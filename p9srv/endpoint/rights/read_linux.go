package rights

import (
	"errors"
	"io"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read does what read(2) does, for a unix socket to which descriptors may have been sent. If
// some came with the next len(p) bytes or right after these, it reads nothing and returns
// ErrSent. Only one goroutine at a time may read a socket.
//
// Read first peeks at the queue, which costs one more system call. That receives no
// descriptor, so it also works when the process has no descriptor left.
func Read(fd int, p []byte) (int, error) {
	for {
		n, err := lookAndRead(fd, p)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// lookAndRead implements Read, and may return EINTR.
func lookAndRead(fd int, p []byte) (int, error) {
	n, flags, err := peek(fd, p)
	switch {
	case err != nil:
		return 0, err
	case flags&unix.MSG_CTRUNC != 0: // there were descriptors
		return 0, ErrSent
	case n == 0:
		return 0, nil
	}
	return unix.Read(fd, p[:n]) // nothing that came after peek
}

// peek copies bytes into p, which also stay in the queue, and returns the flags of recvmsg(2).
// It does not use unix.Recvmsg, which allocates an address.
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

// Shut ends both directions of a connection without closing it. Waiting reads and writes
// return.
func Shut(c syscall.Conn) error {
	var shutErr error
	err := control(c, func(fd int) { shutErr = unix.Shutdown(fd, unix.SHUT_RDWR) })
	if errors.Is(shutErr, unix.ENOTCONN) {
		shutErr = nil
	}
	return errors.Join(err, shutErr)
}

// Close ends a connection to which descriptors may have been sent, and closes it. If some are
// still in its queue, another thread closes it (Later). No read or write may be running.
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

// drainSize is the size of one read of drain, in bytes.
const drainSize = 16 << 10

// drain reads from the queue of a socket until it is empty or the next read would drop
// descriptors. It reports whether the queue is empty. The queue does not grow meanwhile,
// because drain shuts the socket down first.
func drain(fd int) bool {
	_ = unix.Shutdown(fd, unix.SHUT_RDWR)
	p := make([]byte, drainSize)
	for {
		if n, err := Read(fd, p); err != nil || n == 0 {
			return !errors.Is(err, ErrSent)
		}
	}
}
