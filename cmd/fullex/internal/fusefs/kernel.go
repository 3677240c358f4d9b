package fusefs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// kernel is a descriptor of a mount's connection with the kernel, beside the FUSE
// library's.
type kernel struct{ fd int }

// noKernel stands for one that was not found: nothing is answered.
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

// connections are this process's descriptors of connections with the kernel.
func connections() (map[int]bool, error) {
	const descriptors = "/proc/self/fd"
	entries, err := os.ReadDir(descriptors)
	if os.IsNotExist(err) {
		return nil, nil // this system has no such list
	}
	if err != nil {
		return nil, fmt.Errorf("look for the connection with the kernel: %w", err)
	}
	found := make(map[int]bool)
	for _, e := range entries {
		file, _ := os.Readlink(descriptors + "/" + e.Name()) // it may be closed by now
		if fd, err := strconv.Atoi(e.Name()); err == nil && file == "/dev/fuse" {
			found[fd] = true
		}
	}
	return found, nil
}

// errNoConnection is for a mount whose connection with the kernel is not found.
var errNoConnection = errors.New("find the connection with the kernel: /proc does not show it")

// newKernel finds the connection that was made since before.
func newKernel(before map[int]bool) (kernel, error) {
	after, err := connections()
	if err != nil {
		return noKernel, err
	}
	for fd := range after {
		if before[fd] {
			continue
		}
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return noKernel, fmt.Errorf("duplicate the connection with the kernel: %w", err)
		}
		return kernel{own}, nil
	}
	return noKernel, errNoConnection
}
