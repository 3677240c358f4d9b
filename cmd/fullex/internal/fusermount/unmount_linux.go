package fusermount

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// OpenParent opens the directory around another one, an absolute path without links,
// so that a caller looks at a mount and ends it in the same directory: other users may
// change the path in between. It is an error if they have done so already.
func OpenParent(dir string) (*os.File, error) {
	path := filepath.Dir(dir)
	parent, err := os.OpenFile(path, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	now, err := os.Readlink(openFile(parent))
	if err == nil && now != path {
		return nil, errors.Join(fmt.Errorf("the path has changed to %s", now), parent.Close())
	}
	return parent, nil // an error says that there is no /proc
}

// UnmountIn ends a mount of this process's user at a directory, an absolute path
// without links, in its open parent. It asks nothing of the file system, which may
// never answer. lazy takes the mount out of the tree at once, and it ends when its last
// file is closed; without lazy it is an error if one is open.
func UnmountIn(parent *os.File, dir string, lazy bool) error {
	err := SyscallIn(parent, dir, lazy)
	if errors.Is(err, unix.EPERM) && os.Geteuid() != 0 {
		return unmountWithHelper(dir, lazy) // it ends mounts of its user only
	}
	return err
}

// SyscallIn is UnmountIn by umount(2) alone, for whoever has the right.
func SyscallIn(parent *os.File, dir string, lazy bool) error {
	flags := unix.UMOUNT_NOFOLLOW
	if lazy {
		flags |= unix.MNT_DETACH
	}
	return unix.Unmount(in(parent, dir), flags)
}

// Unmount is UnmountIn where the parent is not open yet.
func Unmount(dir string, lazy bool) error {
	parent, err := OpenParent(dir)
	if err != nil {
		return err
	}
	return errors.Join(UnmountIn(parent, dir, lazy), parent.Close())
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
