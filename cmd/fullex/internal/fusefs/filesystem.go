package fusefs

import (
	"context"
	"math"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/tree"
)

// filesystem is a Mount as the FUSE library wants it: a method for each request of the
// kernel. What is not here is not supported, ENOSYS.
type filesystem struct {
	fuse.RawFileSystem
	*Mount
}

// String implements fuse.RawFileSystem.
func (filesystem) String() string { return "fullex" }

// Lookup implements fuse.RawFileSystem.
func (f filesystem) Lookup(cancel <-chan struct{}, in *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	by, at, errno := f.asked(in)
	if errno != 0 {
		return fuse.Status(errno)
	}
	return f.patiently(cancel, func(ctx context.Context) syscall.Errno {
		qid, attr, errno := f.look(ctx, by.uid, append(at.Names(), name))
		if errno != 0 {
			return errno
		}
		out.NodeId = f.nodes.learn(qid.Path, name)
		fill(&out.Attr, qid, attr)
		if attr.Mode.IsRegular() {
			out.Size = unendingSize
		}
		return 0
	})
}

// asked returns who makes a request, and about which node.
func (m *Mount) asked(in *fuse.InHeader) (user, tree.Node, syscall.Errno) {
	if in.Uid == math.MaxUint32 {
		return user{}, tree.Node{}, syscall.EACCES // nothing is done for nobody
	}
	at, errno := m.nodes.at(in.NodeId)
	if errno != 0 && m.openFile(in.NodeId) != nil {
		errno = syscall.EIO // as from its other calls: its server is gone
	}
	return user{in.Uid, in.Pid}, at, errno
}

// Forget implements fuse.RawFileSystem: nothing is kept for a node.
func (filesystem) Forget(uint64, uint64) {}

// GetAttr implements fuse.RawFileSystem.
func (f filesystem) GetAttr(cancel <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	by, at, errno := f.asked(&in.InHeader)
	if errno != 0 {
		return fuse.Status(errno)
	}
	return f.patiently(cancel, func(ctx context.Context) syscall.Errno {
		qid, attr, errno := f.attr(ctx, by, at, in.NodeId)
		if errno != 0 {
			return errno
		}
		fill(&out.Attr, qid, attr)
		if at.IsDir() || at.IsText() {
			return 0
		}
		return errnoOf(f.loop.keepSize(in.NodeId))
	})
}

// attr returns the attributes of a node. The kernel does not say by which descriptor it
// was asked, so an open text tells for its node, and so does an open file whose name is
// gone.
func (m *Mount) attr(ctx context.Context, by user, at tree.Node, id uint64) (p9.QID, p9.Attr, syscall.Errno) {
	file := m.openFile(id)
	if file != nil && at.IsText() {
		if qid, attr, err := file.Attr(ctx); err == nil {
			return qid, attr, 0
		}
	}
	qid, attr, errno := m.look(ctx, by.uid, at.Names())
	if file != nil && errno == syscall.ENOENT {
		_, attr, err := file.Attr(ctx)
		qid := p9.QID{Path: at.Path()} // it was opened by another path, the process's
		return qid, attr, errnoOf(err)
	}
	return qid, attr, errno
}

// openFile returns an open file of a node, or nil.
func (m *Mount) openFile(id uint64) *opened {
	h, _ := m.handles.ofNode(id)
	if h == nil {
		return nil
	}
	return h.file.Load()
}

// SetAttr implements fuse.RawFileSystem: the server says what may be set.
func (f filesystem) SetAttr(cancel <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	by, at, errno := f.asked(&in.InHeader)
	if errno != 0 {
		return fuse.Status(errno)
	}
	return f.patiently(cancel, func(ctx context.Context) syscall.Errno {
		file, errno := f.walk(ctx, by.uid, at.Names())
		if errno == syscall.ENOENT && f.openFile(in.NodeId) != nil {
			return syscall.EIO // as from the other calls on a file whose name is gone
		}
		if errno != 0 {
			return errno
		}
		defer func() { _ = file.Close(past) }() // nothing was written to it
		if err := file.SetAttr(ctx, validOf(in), p9.SetAttr{Size: in.Size}); err != nil {
			return errnoOf(err)
		}
		qid, attr, err := file.Attr(ctx)
		fill(&out.Attr, qid, attr)
		if !at.IsDir() {
			out.Size = unendingSize // the caller is not told
		}
		return errnoOf(err)
	})
}

// validOf returns what is to be set.
func validOf(in *fuse.SetAttrIn) (valid p9.SetAttrMask) {
	_, valid.Permissions = in.GetMode()
	_, valid.UID = in.GetUID()
	_, valid.GID = in.GetGID()
	_, valid.Size = in.GetSize()
	_, valid.ATime = in.GetATime()
	_, valid.MTime = in.GetMTime()
	return valid
}

// Access implements fuse.RawFileSystem, by the mode bits: for root and the owner the
// owner's, and those of others for everybody else, as the server has it. Directories are
// not asked about: nobody may write to them, and whoever starts a program in one
// (chdir(2)) may be the server.
func (f filesystem) Access(cancel <-chan struct{}, in *fuse.AccessIn) fuse.Status {
	const write = 2 // W_OK of access(2)
	by, at, errno := f.asked(&in.InHeader)
	switch {
	case errno != 0:
		return fuse.Status(errno)
	case at.IsDir() && in.Mask&write != 0:
		return fuse.EACCES
	case at.IsDir():
		return fuse.OK
	}
	return f.patiently(cancel, func(ctx context.Context) syscall.Errno {
		_, attr, errno := f.attr(ctx, by, at, in.NodeId)
		may := uint32(attr.Mode.Permissions())
		if in.Uid == 0 || in.Uid == uint32(attr.UID) {
			may >>= 6
		}
		if errno == 0 && in.Mask&^may&7 != 0 {
			return syscall.EACCES
		}
		return errno
	})
}

// StatFs implements fuse.RawFileSystem. It asks the root, which is always there.
func (f filesystem) StatFs(cancel <-chan struct{}, in *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	by, _, errno := f.asked(in)
	if errno != 0 {
		return fuse.Status(errno)
	}
	return f.patiently(cancel, func(ctx context.Context) syscall.Errno {
		file, errno := f.walk(ctx, by.uid, nil)
		if errno != 0 {
			return errno
		}
		defer func() { _ = file.Close(past) }() // only looked at
		stat, err := file.StatFS(ctx)
		out.Bsize, out.Frsize, out.NameLen = stat.BlockSize, stat.BlockSize, stat.NameLength
		out.Blocks, out.Bfree, out.Bavail, out.Files, out.Ffree = stat.Blocks, stat.BlocksFree, stat.BlocksAvailable, stat.Files, stat.FilesFree
		return errnoOf(err)
	})
}
