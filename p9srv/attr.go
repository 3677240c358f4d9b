package p9srv

import (
	"os"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"
)

// validAttr is P9_GETATTR_BASIC, 0x7ff: all that a synthetic file has.
var validAttr = p9.AttrMask{
	Mode: true, NLink: true, UID: true, GID: true, RDev: true, ATime: true,
	MTime: true, CTime: true, INo: true, Size: true, Blocks: true,
}

const (
	dirMode   = p9.ModeDirectory | 0o555
	textMode  = p9.ModeRegular | 0o444
	ctlMode   = p9.ModeRegular | 0o200
	blockSize = 4096
)

// owner is who the files belong to: whoever runs the server.
var ownerUID, ownerGID = p9.UID(os.Geteuid()), p9.GID(os.Getegid())

func (n node) mode() p9.FileMode {
	switch {
	case n.isDir():
		return dirMode
	case n.kind == deviceFile:
		return p9.ModeRegular | p9.FileMode(n.perm)
	case n.kind == ctlFile:
		return ctlMode
	}
	return textMode
}

// qid returns the file's qid. The version is 0: Linux 6.4 and later then never
// cache the file (fs/9p/vfs_inode_dotl.c).
func (f *file) qid() p9.QID { return f.node.qid() }

func (n node) qid() p9.QID {
	return p9.QID{Type: n.mode().QIDType(), Path: n.path()}
}

// attr returns the attributes. The size is 0, as in /proc: with any other,
// Linux would read ahead and take values that nobody asked for.
func (f *file) attr() p9.Attr {
	start := f.front.srv.start
	sec, nsec := uint64(start.Unix()), uint64(start.Nanosecond())
	return p9.Attr{
		Mode: f.node.mode(), UID: ownerUID, GID: ownerGID, NLink: f.links(), BlockSize: blockSize,
		ATimeSeconds: sec, ATimeNanoSeconds: nsec,
		MTimeSeconds: sec, MTimeNanoSeconds: nsec,
		CTimeSeconds: sec, CTimeNanoSeconds: nsec,
	}
}

// links returns the link count: of a directory two and one for each directory
// in it, which find(1) takes for how many it has to look for.
func (f *file) links() p9.NLink {
	switch f.node.kind {
	case rootDir:
		return 2 + rootDirs
	case pidDir:
		return p9.NLink(2 + f.front.srv.Kernel.Processes(f.processOwner()))
	case eachDir, processDir:
		return 2
	}
	return 1
}

// GetAttr returns all attributes, whichever are asked for.
func (f *file) GetAttr(p9.AttrMask) (p9.QID, p9.AttrMask, p9.Attr, error) {
	f.front.extents.stat(f)
	return f.qid(), validAttr, f.attr(), nil
}

// SetAttr changes nothing. As in /proc, times and, of files, the size may be
// set without effect; mode and owner may not: EPERM.
func (f *file) SetAttr(valid p9.SetAttrMask, attr p9.SetAttr) error {
	if valid.Permissions || valid.UID || valid.GID {
		return linux.EPERM
	}
	if !valid.Size {
		return nil
	}
	if f.node.isDir() {
		return linux.EISDIR
	}
	f.front.extents.reached(f, attr.Size)
	return nil
}

// v9fsMagic is V9FS_MAGIC of linux/magic.h, the type that df and stat -f know.
const v9fsMagic = 0x01021997

// StatFS describes a file system without blocks.
func (f *file) StatFS() (p9.FSStat, error) {
	return p9.FSStat{Type: v9fsMagic, BlockSize: blockSize, NameLength: maxName}, nil
}
