package tree

import (
	"cmp"
	"iter"
	"slices"
	"strconv"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"

	"fullex/device"
	"fullex/p9srv/wire"
)

// child is a directory entry. A Treaddir with the offset cookie asks for the entries after it.
type child struct {
	name   string
	node   Node
	cookie uint64
}

// Readdir implements p9.File. It returns the entries after offset that fit into count bytes of
// an Rreaddir. It returns EINVAL if the first of them does not fit, because an empty reply
// means the end. Any offset is allowed: it selects the entries with a higher cookie.
func (f *File) Readdir(offset uint64, count uint32) (p9.Dirents, error) {
	var entries p9.Dirents
	left := int(count)
	for c := range f.childrenAfter(offset) {
		left -= wire.DirentHead + len(c.name)
		if left < 0 {
			break
		}
		entries = append(entries, p9.Dirent{QID: c.node.QID(), Offset: c.cookie, Type: c.node.direntType(), Name: c.name})
	}
	if left < 0 && len(entries) == 0 {
		return nil, linux.EINVAL
	}
	return entries, nil
}

// Types of directory entries: DT_DIR and DT_REG of readdir(3). The Linux client passes the
// byte on to programs (fs/9p/vfs_dir.c). The library gives it the Go type QIDType.
const (
	direntDir     p9.QIDType = 4
	direntRegular p9.QIDType = 8
)

func (n Node) direntType() p9.QIDType {
	if n.isDir() {
		return direntDir
	}
	return direntRegular
}

// Cookies of directory entries. A cookie depends only on its entry: on the kind of a fixed
// entry, the number of a device file, or the number of a process. So entries that appear or
// disappear during a listing do not change the cookies of the others.
const (
	selfCookie   = 1   // "."
	parentCookie = 2   // ".."
	firstCookie  = 3   // added to the kind of a fixed entry, and to a process number
	deviceCookie = 100 // added to the number of a device file; above every kind
)

// cookie returns the cookie of the node in its directory.
func (n Node) cookie() uint64 {
	switch n.kind {
	case deviceFile:
		return deviceCookie + uint64(n.file)
	case processDir:
		return firstCookie + uint64(n.process)
	}
	return firstCookie + uint64(n.kind)
}

// childrenAfter yields the entries of a directory with cookies above offset, in the order of
// cookies.
func (f *File) childrenAfter(offset uint64) iter.Seq[child] {
	return func(yield func(child) bool) {
		if offset < selfCookie && !yield(child{".", f.node, selfCookie}) {
			return
		}
		if offset < parentCookie && !yield(child{"..", f.node.parent(), parentCookie}) {
			return
		}
		if f.node.kind == pidDir {
			f.processesAfter(offset, yield)
			return
		}
		for _, c := range f.named() {
			if c.cookie > offset && !yield(c) {
				return
			}
		}
	}
}

// processesAfter yields the entries of /pid with cookies above offset: the processes with a
// session of this user. It does not look at the processes before.
func (f *File) processesAfter(offset uint64, yield func(child) bool) {
	if offset >= firstCookie+maxProcess {
		return
	}
	who := f.processOwner()
	after := uint32(0)
	if offset > firstCookie {
		after = uint32(offset - firstCookie)
	}
	for {
		n, ok := f.tree.kernel.NextProcess(who, after)
		if !ok {
			return
		}
		if at := processNode(n); !yield(child{strconv.FormatUint(uint64(n), 10), at, at.cookie()}) {
			return
		}
		after = n
	}
}

// processOwner returns the identity whose processes this user sees in /pid.
func (f *File) processOwner() device.Identity {
	return device.Identity{Peer: f.user.Peer, UID: f.user.UID}
}

// named returns the entries of every directory but /pid: the device files, and in the root also
// the fixed entries.
func (f *File) named() []child {
	var list []child
	kernel := f.tree.kernel
	add := func(name string, n Node) {
		list = append(list, child{name, n, n.cookie()})
	}
	inRoot := f.node.kind == rootDir
	for _, name := range kernel.Files() {
		if _, hidden := fixed[name]; hidden && inRoot {
			continue
		}
		if file, ok := kernel.Lookup(name); ok {
			add(name, f.node.device(file))
		}
	}
	if inRoot {
		for name, n := range fixed {
			add(name, n)
		}
	}
	slices.SortFunc(list, func(a, b child) int { return cmp.Compare(a.cookie, b.cookie) })
	return list
}

// parent returns the directory for the entry "..". The parent of the root is the root.
func (n Node) parent() Node {
	if n.kind == processDir {
		return fixed["pid"]
	}
	return root
}
