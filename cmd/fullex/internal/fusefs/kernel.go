package fusefs

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// kernel is a descriptor of a mount's connection with the kernel, beside the FUSE
// library's.
type kernel struct{ fd int }

// noKernel stands for one that the system does not show: nothing is answered.
var noKernel = kernel{-1}

// interrupt answers a request with EINTR, as fuse_out_header has it
// (include/uapi/linux/fuse.h), and says whether the kernel took it. Whoever answers
// after that gets ENOENT.
func (k kernel) interrupt(unique uint64) bool {
	const size = 4 + 4 + 8
	head := binary.NativeEndian.AppendUint32(make([]byte, 0, size), size)
	errno := -int32(unix.EINTR)
	head = binary.NativeEndian.AppendUint32(head, uint32(errno))
	head = binary.NativeEndian.AppendUint64(head, unique)
	_, err := unix.Write(k.fd, head)
	return err == nil
}

// hasEnded says whether the mount has (fs/fuse/dev.c, fuse_dev_poll).
func (k kernel) hasEnded() bool {
	fds := []unix.PollFd{{Fd: int32(k.fd)}}
	_, err := unix.Poll(fds, 0)
	return err == nil && fds[0].Revents&unix.POLLERR != 0
}

func (k kernel) close() error {
	if k == noKernel {
		return nil
	}
	return unix.Close(k.fd)
}

// newKernel duplicates the connection, whose descriptor the library may close.
func newKernel(fd int) (kernel, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return noKernel, fmt.Errorf("duplicate the connection with the kernel: %w", err)
	}
	return kernel{own}, nil
}
