package ownpath

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Create makes or empties a file, as os.Create does. It also opens the file's directory.
//
// If another user can replace the file, a process of root is more careful. It follows no link.
// It empties only a regular file without a second hard link.
func Create(path string) (file, dir *os.File, err error) {
	parent, name := filepath.Split(path)
	dir, fixed, err := Open(parent + ".")
	if err != nil {
		return nil, nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	if os.Geteuid() != 0 || fixed && isFixedIn(dir, name) {
		file, err = os.Create(path)
	} else {
		file, err = createIn(dir, name, path)
	}
	if err != nil {
		return nil, nil, errors.Join(err, dir.Close())
	}
	return file, dir, nil
}

// isFixedIn reports whether a name in a directory exists and no other user can replace it.
func isFixedIn(dir *os.File, name string) bool {
	var in, found unix.Stat_t
	if unix.Fstat(int(dir.Fd()), &in) != nil {
		return false
	}
	err := unix.Fstatat(int(dir.Fd()), name, &found, unix.AT_SYMLINK_NOFOLLOW)
	return err == nil && isFixed(in, found)
}

// createIn does what Create does for a name that another user can replace.
func createIn(dir *os.File, name, path string) (*os.File, error) {
	const flags = unix.O_RDWR | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := unix.Openat(int(dir.Fd()), name, flags, 0o666)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var found unix.Stat_t
	err = unix.Fstat(fd, &found)
	switch {
	case err != nil:
	case found.Mode&unix.S_IFMT != unix.S_IFREG || found.Nlink != 1:
		err = errors.New("other users can replace this file, so root writes only to a regular file without a second hard link")
	default:
		err = unix.Ftruncate(fd, 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), path), nil
}
