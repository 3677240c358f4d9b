package fusermount

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// OpenParent opens the directory around another one, which is an absolute path without
// symbolic links. With it a caller can look at a mount and then end the same mount. Other
// users may change the path in between. It is an error if the path has changed already.
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
	return parent, nil // if err is not nil there is no /proc, and the path is not checked
}

// UnmountIn ends a mount of this process's user. dir is the mount's directory, an absolute
// path without symbolic links, and parent is the open directory around it. UnmountIn does
// not ask the mounted file system, which may never answer. With lazy the mount disappears
// from its directory at once, and ends when its last file is closed. Without lazy it is an
// error if a file is open.
func UnmountIn(parent *os.File, dir string, lazy bool) error {
	err := SyscallIn(parent, dir, lazy)
	if errors.Is(err, unix.EPERM) && os.Geteuid() != 0 {
		return unmountWithHelper(dir, lazy) // this ends mounts of its user only
	}
	return err
}

// SyscallIn is like UnmountIn, but uses umount(2) only, and needs the right for that.
func SyscallIn(parent *os.File, dir string, lazy bool) error {
	flags := unix.UMOUNT_NOFOLLOW
	if lazy {
		flags |= unix.MNT_DETACH
	}
	return unix.Unmount(in(parent, dir), flags)
}

// Unmount is like UnmountIn, but opens the parent itself.
func Unmount(dir string, lazy bool) error {
	parent, err := OpenParent(dir)
	if err != nil {
		return err
	}
	return errors.Join(UnmountIn(parent, dir, lazy), parent.Close())
}

// in returns a path to dir that goes through its open parent. Without /proc it returns dir.
func in(parent *os.File, dir string) string {
	through := openFile(parent)
	if _, err := os.Readlink(through); err != nil {
		return dir
	}
	return filepath.Join(through, filepath.Base(dir))
}

// openFile returns a path to an open file.
func openFile(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }
