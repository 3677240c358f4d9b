package fusefs

import "github.com/hanwen/go-fuse/v2/fuse"

// interruptible has the requests that wait for the server looked after. What an
// answer that nobody has got would have left open is closed. Requests that are
// answered here are not in it.
type interruptible struct {
	fuse.RawFileSystem
	*waiting
}

// Lookup implements fuse.RawFileSystem.
func (i interruptible) Lookup(cancel <-chan struct{}, head *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	r := i.begin(cancel, head)
	status := i.RawFileSystem.Lookup(cancel, head, name, out)
	if i.finish(r) && status.Ok() && out.NodeId != 0 {
		i.Forget(out.NodeId, 1) // the kernel does not know it
	}
	return status
}

// GetAttr implements fuse.RawFileSystem.
func (i interruptible) GetAttr(cancel <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	defer i.finish(i.begin(cancel, &in.InHeader))
	return i.RawFileSystem.GetAttr(cancel, in, out)
}

// SetAttr implements fuse.RawFileSystem.
func (i interruptible) SetAttr(cancel <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	defer i.finish(i.begin(cancel, &in.InHeader))
	return i.RawFileSystem.SetAttr(cancel, in, out)
}

// Open implements fuse.RawFileSystem.
func (i interruptible) Open(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	r := i.begin(cancel, &in.InHeader)
	status := i.RawFileSystem.Open(cancel, in, out)
	if i.finish(r) && status.Ok() {
		i.Flush(cancel, &fuse.FlushIn{InHeader: in.InHeader, Fh: out.Fh})
		i.Release(cancel, &fuse.ReleaseIn{InHeader: in.InHeader, Fh: out.Fh})
	}
	return status
}

// Read implements fuse.RawFileSystem.
func (i interruptible) Read(cancel <-chan struct{}, in *fuse.ReadIn, p []byte) (fuse.ReadResult, fuse.Status) {
	defer i.finish(i.begin(cancel, &in.InHeader))
	return i.RawFileSystem.Read(cancel, in, p)
}

// Writev implements fuse.RawFileSystem. The library has all writes made by it.
func (i interruptible) Writev(cancel <-chan struct{}, in *fuse.WriteIn, p [][]byte) (uint32, fuse.Status) {
	defer i.finish(i.begin(cancel, &in.InHeader))
	return i.RawFileSystem.Writev(cancel, in, p)
}

// Fsync implements fuse.RawFileSystem.
func (i interruptible) Fsync(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	defer i.finish(i.begin(cancel, &in.InHeader))
	return i.RawFileSystem.Fsync(cancel, in)
}

// Release implements fuse.RawFileSystem. Nobody waits for it, but the mount's end.
func (i interruptible) Release(cancel <-chan struct{}, in *fuse.ReleaseIn) {
	defer i.finish(i.begin(cancel, &in.InHeader))
	i.RawFileSystem.Release(cancel, in)
}

// ReadDir implements fuse.RawFileSystem.
func (i interruptible) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	defer i.finish(i.begin(cancel, &in.InHeader))
	return i.RawFileSystem.ReadDir(cancel, in, out)
}

// StatFs implements fuse.RawFileSystem.
func (i interruptible) StatFs(cancel <-chan struct{}, head *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	defer i.finish(i.begin(cancel, head))
	return i.RawFileSystem.StatFs(cancel, head, out)
}
