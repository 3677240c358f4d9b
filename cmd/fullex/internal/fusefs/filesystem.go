package fusefs

import (
	"context"
	"math"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/tree"
)

// filesystem adapts a Mount to the FUSE library: it has a method for each request of the
// kernel. Requests without a method here get ENOSYS.
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

// asked returns the user who makes a request, and the node that the request is about.
func (m *Mount) asked(in *fuse.InHeader) (user, tree.Node, syscall.Errno) {
	if in.Uid == math.MaxUint32 {
		return user{}, tree.Node{}, syscall.EACCES // the kernel names no user
	}
	at, errno := m.nodes.at(in.NodeId)
	if errno != 0 && m.openFile(in.NodeId) != nil {
		errno = syscall.EIO // as its other calls give: the connection to its server has ended
	}
	return user{in.Uid, in.Pid}, at, errno
}

// Forget implements fuse.RawFileSystem. No state belongs to a node.
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

// attr returns the attributes of a node. The kernel does not report which descriptor a
// program asked about. So for a text, and for a file whose name is gone, any open file of
// the node answers.
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
		qid := p9.QID{Path: at.Path()} // the file was opened at the process's own path
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

// SetAttr implements fuse.RawFileSystem. The server decides what may be set.
func (f filesystem) SetAttr(cancel <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	by, at, errno := f.asked(&in.InHeader)
	if errno != 0 {
		return fuse.Status(errno)
	}
	return f.patiently(cancel, func(ctx context.Context) syscall.Errno {
		file, errno := f.walk(ctx, by.uid, at.Names())
		if errno == syscall.ENOENT && f.openFile(in.NodeId) != nil {
			return syscall.EIO // as other calls give on a file whose name is gone
		}
		if errno != 0 {
			return errno
		}
		defer func() { _ = file.Close(past) }() // nothing was written
		if err := file.SetAttr(ctx, validOf(in), p9.SetAttr{Size: in.Size}); err != nil {
			return errnoOf(err)
		}
		qid, attr, err := file.Attr(ctx)
		fill(&out.Attr, qid, attr)
		if !at.IsDir() {
			out.Size = unendingSize // for the kernel only: the program does not see it
		}
		return errnoOf(err)
	})
}

// validOf returns which attributes a request sets.
func validOf(in *fuse.SetAttrIn) (valid p9.SetAttrMask) {
	_, valid.Permissions = in.GetMode()
	_, valid.UID = in.GetUID()
	_, valid.GID = in.GetGID()
	_, valid.Size = in.GetSize()
	_, valid.ATime = in.GetATime()
	_, valid.MTime = in.GetMTime()
	return valid
}

// Access implements fuse.RawFileSystem. It checks the mode bits as the server does: the
// owner's bits for uid 0 and the owner, and the bits of others for all other users. For a
// directory it does not ask the server. Nobody may write to one. And the process that
// starts a program in a directory (chdir(2)) may be the server's own.
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

// StatFs implements fuse.RawFileSystem. It asks about the root, which always exists.
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
		defer func() { _ = file.Close(past) }() // nothing was written
		stat, err := file.StatFS(ctx)
		out.Bsize, out.Frsize, out.NameLen = stat.BlockSize, stat.BlockSize, stat.NameLength
		out.Blocks, out.Bfree, out.Bavail, out.Files, out.Ffree = stat.Blocks, stat.BlocksFree, stat.BlocksAvailable, stat.Files, stat.FilesFree
		return errnoOf(err)
	})
}
