package ownpath

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Open opens a directory, which need not be readable, for the system calls that
// take one (openat(2) and its like). It reports whether the path is fixed: no other
// user can make it lead elsewhere. For processes that are not root's it reports
// true without a look, as they can do no more than their user.
//
// The error is an errno, or says whose link root does not follow.
func Open(path string) (dir *os.File, fixed bool, err error) {
	if os.Geteuid() != 0 {
		fd, err := open(unix.AT_FDCWD, path, unix.O_DIRECTORY)
		if err != nil {
			return nil, false, err
		}
		return os.NewFile(uintptr(fd), path), true, nil
	}
	w, err := newWalk(path)
	if err != nil {
		return nil, false, err
	}
	for len(w.left) > 0 {
		if err := w.step(); err != nil {
			_ = unix.Close(w.fd)
			return nil, false, err
		}
	}
	return os.NewFile(uintptr(w.fd), path), w.fixed, nil
}

func open(in int, name string, flags int) (fd int, err error) {
	for {
		fd, err = unix.Openat(in, name, unix.O_PATH|unix.O_CLOEXEC|flags, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// mostLinks is how many links a path may have, as for the kernel (path_resolution(7)).
const mostLinks = 40

// walk is a path that is being looked up.
type walk struct {
	fd    int      // the directory so far
	left  []string // the names to come
	links int
	fixed bool // so far
}

func newWalk(path string) (walk, error) {
	start := "."
	if filepath.IsAbs(path) {
		start = "/"
	}
	fd, err := open(unix.AT_FDCWD, start, unix.O_DIRECTORY)
	return walk{fd: fd, left: names(path), fixed: true}, err
}

// names does not clean the path: behind a link, ".." is not what stands before it.
func names(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// step looks up the next name.
func (w *walk) step() error {
	name := w.left[0]
	w.left = w.left[1:]
	next, err := open(w.fd, name, unix.O_NOFOLLOW)
	if err != nil {
		return err
	}
	var in, found unix.Stat_t
	if err = unix.Fstat(w.fd, &in); err == nil {
		err = unix.Fstat(next, &found)
	}
	if err != nil {
		_ = unix.Close(next)
		return err
	}
	w.fixed = w.fixed && isFixed(in, found)
	switch found.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		err = w.follow(next, name, found.Uid)
		_ = unix.Close(next)
		return err
	case unix.S_IFDIR:
		_ = unix.Close(w.fd)
		w.fd = next
		return nil
	}
	_ = unix.Close(next)
	return unix.ENOTDIR
}

// isFixed reports whether no other user can replace what was found in a directory.
func isFixed(in, found unix.Stat_t) bool {
	switch {
	case !isKeeper(in.Uid):
		return false
	case in.Mode&writers == 0:
		return true
	}
	return in.Mode&unix.S_ISVTX != 0 && isKeeper(found.Uid)
}

// follow puts the names of a link's target before those to come.
func (w *walk) follow(link int, name string, owner uint32) error {
	if !isKeeper(owner) {
		return fmt.Errorf("%s is a link of user %d, and root does not follow it", name, owner)
	}
	if w.links++; w.links > mostLinks {
		return unix.ELOOP
	}
	target := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(link, "", target)
	if err != nil {
		return err
	}
	to := string(target[:n])
	w.left = append(names(to), w.left...)
	if !filepath.IsAbs(to) {
		return nil
	}
	root, err := open(unix.AT_FDCWD, "/", unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	_ = unix.Close(w.fd)
	w.fd = root
	return nil
}

// Keeps reports whether no other user can replace what this user makes in a directory.
// As with Open, it reports true for processes that are not root's.
func Keeps(dir *os.File) bool {
	var in unix.Stat_t
	if err := unix.Fstat(int(dir.Fd()), &in); err != nil {
		return false
	}
	return os.Geteuid() != 0 || isFixed(in, unix.Stat_t{Uid: 0})
}

// isKeeper reports whether a user may change any path anyway: root, this process's own,
// and the owner of the root directory (who is not user 0 in a user namespace).
func isKeeper(uid uint32) bool {
	if uid == 0 || uid == uint32(os.Geteuid()) {
		return true
	}
	var root unix.Stat_t
	return unix.Stat("/", &root) == nil && root.Uid == uid
}

// writers are the permission bits that let other users change a directory.
const writers = 0o022
