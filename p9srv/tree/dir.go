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

// child is a directory entry. cookie is its offset in Treaddir: where the
// entry behind it is asked for.
type child struct {
	name   string
	node   Node
	cookie uint64
}

// Readdir returns the entries behind offset that fit count bytes, as Rreaddir
// counts them; EINVAL if there are some and the first does not fit, because an
// empty reply would mean the end. An offset that was never given out has no
// entries behind it, or those of a higher cookie.
func (f *File) Readdir(offset uint64, count uint32) (p9.Dirents, error) {
	var entries p9.Dirents
	left := int(count)
	for c := range f.childrenBehind(offset) {
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

// Types of directory entries, DT_DIR and DT_REG of readdir(3): the Linux client
// hands the byte to its programs (fs/9p/vfs_dir.c). The library calls it a
// QIDType.
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

// Cookies of entries. They are made of what an entry is, so that entries which
// come and go meanwhile do not move the others: of what is always there from
// its kind, of a device file from its number, of a process from its own.
const (
	selfCookie   = 1
	parentCookie = 2
	firstCookie  = 3   // of all others
	deviceCookie = 100 // of device files, above all kinds
)

// cookie returns that of a node in the directory where it lies.
func (n Node) cookie() uint64 {
	switch n.kind {
	case deviceFile:
		return deviceCookie + uint64(n.file)
	case processDir:
		return firstCookie + uint64(n.process)
	}
	return firstCookie + uint64(n.kind)
}

// childrenBehind yields the entries of a directory behind an offset, in the
// order of their cookies. It does not look at those before.
func (f *File) childrenBehind(offset uint64) iter.Seq[child] {
	return func(yield func(child) bool) {
		if offset < selfCookie && !yield(child{".", f.node, selfCookie}) {
			return
		}
		if offset < parentCookie && !yield(child{"..", f.node.parent(), parentCookie}) {
			return
		}
		if f.node.kind == pidDir {
			f.processesBehind(offset, yield)
			return
		}
		for _, c := range f.named() {
			if c.cookie > offset && !yield(c) {
				return
			}
		}
	}
}

// processesBehind yields the processes under which this user has sessions.
func (f *File) processesBehind(offset uint64, yield func(child) bool) {
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

// processOwner is the identity whose processes this user sees below /pid.
func (f *File) processOwner() device.Identity {
	return device.Identity{Peer: f.user.Peer, UID: f.user.UID}
}

// named returns the entries of a directory that has names: the device files,
// and in the root what is always there.
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

// parent is what ".." shows. The root is its own.
func (n Node) parent() Node {
	if n.kind == processDir {
		return fixed["pid"]
	}
	return root
}
