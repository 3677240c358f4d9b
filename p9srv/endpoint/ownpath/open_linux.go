package ownpath

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Open opens a directory for system calls such as openat(2). The directory need not be
// readable. fixed reports whether no other user can make the path lead elsewhere. For a
// process that is not root's, fixed is true without a check: it can do no more than its user.
//
// The error is an errno, or it names a link that root does not follow, and its owner.
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

// open opens a name in the directory in with O_PATH, again after EINTR.
func open(in int, name string, flags int) (fd int, err error) {
	for {
		fd, err = unix.Openat(in, name, unix.O_PATH|unix.O_CLOEXEC|flags, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// mostLinks limits the links in a path, as the kernel does (path_resolution(7)).
const mostLinks = 40

// walk is the lookup of a path.
type walk struct {
	fd    int      // the directory reached so far
	left  []string // the names still to look up
	links int      // number of links followed
	fixed bool     // no other user can change the path so far
}

func newWalk(path string) (walk, error) {
	start := "."
	if filepath.IsAbs(path) {
		start = "/"
	}
	fd, err := open(unix.AT_FDCWD, start, unix.O_DIRECTORY)
	return walk{fd: fd, left: names(path), fixed: true}, err
}

// names returns the names in a path. It keeps "..": after a link this leads to another
// directory than the one before the link.
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

// isFixed reports whether no other user can replace the file found in the directory in.
func isFixed(in, found unix.Stat_t) bool {
	switch {
	case !isKeeper(in.Uid):
		return false
	case in.Mode&writers == 0:
		return true
	}
	return in.Mode&unix.S_ISVTX != 0 && isKeeper(found.Uid)
}

// follow puts the names of a link's target before the names still to look up.
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

// Keeps reports whether no other user can replace a file that this user makes in a directory.
// For a process that is not root's it is always true, as fixed of Open.
func Keeps(dir *os.File) bool {
	var in unix.Stat_t
	if err := unix.Fstat(int(dir.Fd()), &in); err != nil {
		return false
	}
	return os.Geteuid() != 0 || isFixed(in, unix.Stat_t{Uid: 0})
}

// isKeeper reports whether a user may change any path anyway: root, this process's user, or the
// owner of the root directory. In a user namespace that owner is not user 0.
func isKeeper(uid uint32) bool {
	if uid == 0 || uid == uint32(os.Geteuid()) {
		return true
	}
	var root unix.Stat_t
	return unix.Stat("/", &root) == nil && root.Uid == uid
}

// writers has the permission bits that let the group and all other users change a directory.
const writers = 0o022
