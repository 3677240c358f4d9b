package tree

import (
	"bytes"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hugelgupf/p9/p9"

	"fullex/device"
	"fullex/p9srv/wire"
)

// Tree is what a server serves. Safe for concurrent use.
type Tree struct {
	kernel *device.Kernel // immutable
	start  time.Time      // the times of all files; immutable
	opens  atomic.Uint64  // through the door where each open is a client of its own

	// Bytes of the listings that are open, of users whom a transport vouches for and
	// of others: these must not be able to shut those out.
	vouchedTexts, otherTexts atomic.Int64
}

// New returns the tree of a kernel, whose files have the time start.
func New(kernel *device.Kernel, start time.Time) *Tree {
	return &Tree{kernel: kernel, start: start}
}

// User is who has attached, as far as the way in knows. Immutable; the files of an
// attach share it.
type User struct {
	device.User
	// Peer is device.Identity.Peer of the user's opens.
	Peer string
}

// Attach returns the directory that an aname names, for a user: "", "/", "/each",
// "pid/7/". ENOENT if there is none, ENOTDIR for a file, EINVAL and ENAMETOOLONG for
// names that cannot be.
func (t *Tree) Attach(u *User, aname []byte) (File, error) {
	at := File{tree: t, node: root, user: u}
	for name := range bytes.SplitSeq(bytes.Trim(aname, "/"), []byte("/")) {
		if len(name) == 0 && at.node == root {
			continue
		}
		if err := CheckName(name); err != nil {
			return File{}, err
		}
		if err := at.Step(name); err != nil {
			return File{}, err
		}
	}
	if !at.node.isDir() {
		return File{}, syscall.ENOTDIR
	}
	return at, nil
}

// Attacher returns the tree as one user has it, for the server of hugelgupf/p9.
func (t *Tree) Attacher(u *User) p9.Attacher { return attacher{t, u} }

type attacher struct {
	tree *Tree
	user *User
}

// Attach implements p9.Attacher.
func (a attacher) Attach() (p9.File, error) {
	f, err := a.tree.Attach(a.user, nil)
	if err != nil {
		return nil, wire.Errno(err)
	}
	return &f, nil
}

// CheckName returns EINVAL for a name that walk(5) forbids: the empty name, and "/" in
// names. "." and ".." are the client's business: Linux resolves them itself, and a walk
// out of the attached directory is not allowed. ENAMETOOLONG is for more than 255 bytes,
// NAME_MAX of Linux.
func CheckName(name []byte) error {
	switch {
	case len(name) == 0, string(name) == ".", string(name) == "..":
		return syscall.EINVAL
	case bytes.IndexByte(name, '/') >= 0, bytes.IndexByte(name, 0) >= 0:
		return syscall.EINVAL
	case len(name) > maxName:
		return syscall.ENAMETOOLONG
	}
	return nil
}
