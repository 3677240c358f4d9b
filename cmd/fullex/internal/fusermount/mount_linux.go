package fusermount

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// name is the source and the subtype of every mount.
const name = "fullex"

// Mount mounts a file system at a directory, an absolute path without symbolic links. The
// options are those that both the kernel and fusermount3 know. Mount returns the connection
// with the kernel, a descriptor that no child process inherits.
func Mount(dir string, options ...string) (fd int, err error) {
	fd, err = direct(dir, options)
	lacksRight := errors.Is(err, os.ErrPermission) // EPERM or EACCES
	if lacksRight && os.Geteuid() != 0 {
		return withHelper(dir, options)
	}
	if err != nil {
		return -1, withAdvice(err, directAdvice(err))
	}
	return fd, nil
}

// direct calls mount(2).
func direct(dir string, options []string) (fd int, err error) {
	fd, err = unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: device, Err: err}
	}
	own := []string{
		fmt.Sprintf("fd=%d", fd), fmt.Sprintf("rootmode=%o", unix.S_IFDIR),
		fmt.Sprintf("user_id=%d", os.Geteuid()), fmt.Sprintf("group_id=%d", os.Getegid()),
	}
	data := strings.Join(append(own, options...), ",")
	if err := unix.Mount(name, dir, "fuse."+name, unix.MS_NOSUID|unix.MS_NODEV, data); err != nil {
		return -1, errors.Join(os.NewSyscallError("mount", err), unix.Close(fd))
	}
	return fd, nil
}
