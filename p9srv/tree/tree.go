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

// Tree is the file tree of one server. It is safe for concurrent use.
type Tree struct {
	kernel *device.Kernel // immutable
	start  time.Time      // time of all files; immutable
	opens  atomic.Uint64  // number of the last open through /each

	// Bytes of open listings, of verified users and of all others. They are counted apart
	// so that unverified users cannot shut verified ones out.
	vouchedTexts, otherTexts atomic.Int64
}

// New returns a tree with the files of kernel. All files have the time start.
func New(kernel *device.Kernel, start time.Time) *Tree {
	return &Tree{kernel: kernel, start: start}
}

// User is a user who has attached, as far as the server knows. All files of an attach share it.
// It is immutable.
type User struct {
	device.User
	// Peer is device.Identity.Peer of the user's opens.
	Peer string
}

// Attach returns the directory that aname names, for a user. Examples are "", "/", "/each" and
// "pid/7/". It returns ENOENT if there is no such name, ENOTDIR if it is a file, and the errors
// of CheckName.
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

// Attacher returns the tree for one user, in the form for the server of hugelgupf/p9.
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

// CheckName returns an error for a name that no walk may contain. EINVAL is for the empty name,
// ".", ".." and names with "/" or NUL (walk(5), intro(5)). Linux resolves "." and ".." itself,
// and no walk may leave the attached directory. ENAMETOOLONG is for more than 255 bytes, the
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
