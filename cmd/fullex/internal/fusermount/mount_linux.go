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

// Mount mounts at a directory, an absolute path without links, with options that
// kernel and fusermount3 share. It returns the connection with the kernel, which
// no child process inherits.
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

// Unmount ends a mount of this process's user at a directory, an absolute path
// without links. It asks nothing of the file system, which may never answer. lazy
// takes the mount out of the tree at once, and it ends when its last file is closed;
// without lazy it is an error if one is open.
func Unmount(dir string, lazy bool) error {
	err := Syscall(dir, lazy)
	if errors.Is(err, unix.EPERM) && os.Geteuid() != 0 {
		return unmountWithHelper(dir, lazy)
	}
	return err
}

// Syscall is Unmount by umount(2) alone, for whoever has the right.
func Syscall(dir string, lazy bool) error {
	flags := unix.UMOUNT_NOFOLLOW
	if lazy {
		flags |= unix.MNT_DETACH
	}
	return unix.Unmount(dir, flags)
}
