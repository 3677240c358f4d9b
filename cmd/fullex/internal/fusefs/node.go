package fusefs

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/client"
)

// node is a file of the server, by its path. It holds nothing of the server.
type node struct {
	fs.Inode
	mount *Mount
	path  []string
}

var (
	_ fs.NodeLookuper  = (*node)(nil)
	_ fs.NodeGetattrer = (*node)(nil)
	_ fs.NodeSetattrer = (*node)(nil)
	_ fs.NodeReaddirer = (*node)(nil)
	_ fs.NodeOpener    = (*node)(nil)
	_ fs.NodeStatfser  = (*node)(nil)
)

// walk makes a fid for the caller.
func (n *node) walk(ctx context.Context, path []string) (*client.File, syscall.Errno) {
	who, errno := caller(ctx)
	if errno != 0 {
		return nil, errno
	}
	return n.mount.conn.Load().walk(who.uid, path)
}

// below is the path of a child, not shared with others.
func (n *node) below(name string) []string { return append(n.path[:len(n.path):len(n.path)], name) }

// Lookup implements fs.NodeLookuper.
func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	path := n.below(name)
	file, errno := n.walk(ctx, path)
	if errno != 0 {
		return nil, errno
	}
	defer func() { _ = file.Close(background) }() // a fid that was only looked at
	qid, attr, err := file.Attr(background)
	if err != nil {
		return nil, errnoOf(err)
	}
	fill(&out.Attr, qid, attr)
	child := &node{mount: n.mount, path: path}
	return n.NewInode(ctx, child, fs.StableAttr{Mode: uint32(attr.Mode.FileType()), Ino: qid.Path}), 0
}

// Getattr implements fs.NodeGetattrer. An open file is asked itself: its name may
// be gone.
func (n *node) Getattr(ctx context.Context, open fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	var file *client.File
	if h, ok := open.(*handle); ok {
		file = h.file
	} else {
		walked, errno := n.walk(ctx, n.path)
		if errno != 0 {
			return errno
		}
		defer func() { _ = walked.Close(background) }() // only looked at
		file = walked
	}
	qid, attr, err := file.Attr(background)
	if err != nil {
		return errnoOf(err)
	}
	fill(&out.Attr, qid, attr)
	return 0
}

func fill(out *fuse.Attr, qid p9.QID, attr p9.Attr) {
	out.Ino, out.Mode, out.Nlink, out.Size = qid.Path, uint32(attr.Mode), uint32(attr.NLink), attr.Size
	out.Owner = fuse.Owner{Uid: uint32(attr.UID), Gid: uint32(attr.GID)}
	out.Atime, out.Atimensec = attr.ATimeSeconds, uint32(attr.ATimeNanoSeconds)
	out.Mtime, out.Mtimensec = attr.MTimeSeconds, uint32(attr.MTimeNanoSeconds)
	out.Ctime, out.Ctimensec = attr.CTimeSeconds, uint32(attr.CTimeNanoSeconds)
	out.Blksize, out.Blocks = uint32(attr.BlockSize), attr.Blocks
}

// Setattr implements fs.NodeSetattrer: the server says what may be set. A file whose
// name is gone is one that is open, as whoever goes by its name is told that first:
// EIO, as from its other calls.
func (n *node) Setattr(ctx context.Context, open fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	file, errno := n.walk(ctx, n.path)
	if errno == syscall.ENOENT {
		return syscall.EIO
	}
	if errno != 0 {
		return errno
	}
	defer func() { _ = file.Close(background) }() // nothing was written to it
	var valid p9.SetAttrMask
	var attr p9.SetAttr
	_, valid.Permissions = in.GetMode()
	_, valid.UID = in.GetUID()
	_, valid.GID = in.GetGID()
	attr.Size, valid.Size = in.GetSize()
	_, valid.ATime = in.GetATime()
	_, valid.MTime = in.GetMTime()
	if err := file.SetAttr(background, valid, attr); err != nil {
		return errnoOf(err)
	}
	return n.Getattr(ctx, open, out)
}

// Readdir implements fs.NodeReaddirer.
func (n *node) Readdir(ctx context.Context) (fs.DirStream, syscall.Errno) {
	file, errno := n.walk(ctx, n.path)
	if errno != 0 {
		return nil, errno
	}
	defer func() { _ = file.Close(background) }() // only read
	if err := file.Open(background, syscall.O_RDONLY); err != nil {
		return nil, errnoOf(err)
	}
	found, err := file.ReadDir(background)
	if err != nil {
		return nil, errnoOf(err)
	}
	var entries []fuse.DirEntry
	for _, d := range found {
		if d.Name == "." || d.Name == ".." {
			continue // the kernel's own
		}
		mode := uint32(syscall.S_IFREG)
		if d.QID.Type&p9.TypeDir != 0 {
			mode = syscall.S_IFDIR
		}
		entries = append(entries, fuse.DirEntry{Name: d.Name, Ino: d.QID.Path, Mode: mode})
	}
	return fs.NewListDirStream(entries), 0
}

// Statfs implements fs.NodeStatfser. It asks the root, which is always there.
func (n *node) Statfs(ctx context.Context, out *fuse.StatfsOut) syscall.Errno {
	file, errno := n.walk(ctx, nil)
	if errno != 0 {
		return errno
	}
	defer func() { _ = file.Close(background) }() // only looked at
	stat, err := file.StatFS(background)
	if err != nil {
		return errnoOf(err)
	}
	out.Bsize, out.Frsize, out.NameLen = stat.BlockSize, stat.BlockSize, stat.NameLength
	out.Blocks, out.Bfree, out.Bavail, out.Files, out.Ffree = stat.Blocks, stat.BlocksFree, stat.BlocksAvailable, stat.Files, stat.FilesFree
	return 0
}
