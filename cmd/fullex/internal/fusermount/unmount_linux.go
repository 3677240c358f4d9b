package fusermount

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Unmount ends a mount of this process's user at a directory, an absolute path
// without links. It asks nothing of the file system, which may never answer. lazy
// takes the mount out of the tree at once, and it ends when its last file is closed;
// without lazy it is an error if one is open.
func Unmount(dir string, lazy bool) error {
	return unmount(dir, dir, lazy)
}

// UnmountIn is Unmount at a directory in an open one. Other users may have changed the
// path since the open one was looked at.
func UnmountIn(parent *os.File, dir string, lazy bool) error {
	return unmount(in(parent, dir), dir, lazy)
}

// unmount ends a mount by umount(2) at a path, or by fusermount3 at a directory. That
// program ends mounts of its user only, wherever the path leads.
func unmount(path, dir string, lazy bool) error {
	err := Syscall(path, lazy)
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

// in returns a path of a directory that leads through the open one around it, or the
// directory's own where there is no /proc.
func in(parent *os.File, dir string) string {
	through := openFile(parent)
	if _, err := os.Readlink(through); err != nil {
		return dir
	}
	return filepath.Join(through, filepath.Base(dir))
}

// openFile returns a path of what is open.
func openFile(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }
