package tree

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
	statBlock = 512 // bytes of a block that attributes count, as in stat(2)
)

// owner is who the files belong to: whoever runs the server.
var ownerUID, ownerGID = p9.UID(os.Geteuid()), p9.GID(os.Getegid())

func (n Node) mode() p9.FileMode {
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

// QID returns the node's qid. The version is 0: Linux 6.4 and later then never cache
// the file (fs/9p/vfs_inode_dotl.c).
func (n Node) QID() p9.QID {
	return p9.QID{Type: n.mode().QIDType(), Path: n.Path()}
}

// attr returns the attributes with the size 0. A device keeps that, as files of /proc do:
// with any other, Linux would read ahead and take values that nobody asked for.
func (f *File) attr() p9.Attr {
	start := f.tree.start
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
func (f *File) links() p9.NLink {
	switch f.node.kind {
	case rootDir:
		return 2 + rootDirs
	case pidDir:
		return p9.NLink(2 + f.tree.kernel.Processes(f.processOwner()))
	case eachDir, processDir:
		return 2
	}
	return 1
}

// GetAttr returns all attributes, whichever are asked for, but the size of a text, which
// takes time: it and the blocks are 0, and not valid, if neither is asked for.
func (f *File) GetAttr(asked p9.AttrMask) (p9.QID, p9.AttrMask, p9.Attr, error) {
	valid, attr := validAttr, f.attr()
	switch {
	case !f.node.IsText():
	case asked.Size || asked.Blocks:
		attr.Size = uint64(f.textLength())
		// A file of fewer blocks has holes: cp(1) asks where, and so gets no more than
		// the size, although it reads to the end otherwise.
		attr.Blocks = (attr.Size + statBlock - 1) / statBlock
	default:
		valid.Size, valid.Blocks = false, false
	}
	return f.node.QID(), valid, attr, nil
}

// SetAttr changes nothing. As in /proc, times and, of files that may be written, the size
// may be set without effect; mode and owner may not: EPERM. A client that believed in the
// size it has set would lose a text that ends before it (package p9srv, followup.go):
// EACCES, as for other writes.
func (f *File) SetAttr(valid p9.SetAttrMask, _ p9.SetAttr) error {
	if valid.Permissions || valid.UID || valid.GID {
		return linux.EPERM
	}
	if valid.Size && f.node.isDir() {
		return linux.EISDIR
	}
	if valid.Size && f.node.IsText() {
		return linux.EACCES
	}
	return nil
}
