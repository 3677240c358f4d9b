package tree

import (
	"os"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"
)

// validAttr is P9_GETATTR_BASIC, 0x7ff: all attributes that a synthetic file has.
var validAttr = p9.AttrMask{
	Mode: true, NLink: true, UID: true, GID: true, RDev: true, ATime: true,
	MTime: true, CTime: true, INo: true, Size: true, Blocks: true,
}

const (
	dirMode   = p9.ModeDirectory | 0o555
	textMode  = p9.ModeRegular | 0o444
	ctlMode   = p9.ModeRegular | 0o200
	blockSize = 4096
	statBlock = 512 // size of a block in Attr.Blocks, in bytes, as in stat(2)
)

// ownerUID and ownerGID own all files: the user and group that run the server.
var ownerUID, ownerGID = p9.UID(os.Geteuid()), p9.GID(os.Getegid())

// mode returns the type and the permission bits.
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

// QID returns the node's qid. Its version is 0: then Linux 6.4 and later never cache the file
// (fs/9p/vfs_inode_dotl.c).
func (n Node) QID() p9.QID {
	return p9.QID{Type: n.mode().QIDType(), Path: n.Path()}
}

// attr returns the attributes with size 0. A device always has size 0, as files of /proc do:
// with another size, Linux would read ahead and pop values that no program asked for.
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

// links returns the link count. A directory has two links and one more for each directory in
// it: find(1) concludes from the count how many directories to look for.
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

// GetAttr implements p9.File. It returns all attributes, with one exception. Finding the size of
// a text file takes time, so its size and blocks are returned only if asked for.
func (f *File) GetAttr(asked p9.AttrMask) (p9.QID, p9.AttrMask, p9.Attr, error) {
	valid, attr := validAttr, f.attr()
	switch {
	case !f.node.IsText():
	case asked.Size || asked.Blocks:
		attr.Size = uint64(f.textLength())
		// With fewer blocks the file would seem to have holes. Then cp(1) asks where
		// they are and copies no more than the size, instead of reading to the end.
		attr.Blocks = (attr.Size + statBlock - 1) / statBlock
	default:
		valid.Size, valid.Blocks = false, false
	}
	return f.node.QID(), valid, attr, nil
}

// SetAttr implements p9.File. It changes nothing, as in /proc. Setting the times succeeds, and
// so does setting the size of a file that can be written. Mode and owner return EPERM.
//
// The size of a text file returns EACCES, as other writes do. A client that believes in a size
// it has set would lose a text that is shorter (package p9srv, followup.go).
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
