package fusefs

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/hugelgupf/p9/p9"
)

// This file has the requests on open files and directories.

// Open implements fuse.RawFileSystem.
func (f filesystem) Open(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	out.OpenFlags = fuse.FOPEN_DIRECT_IO | fuse.FOPEN_PARALLEL_DIRECT_WRITES
	return f.openNode(cancel, &in.InHeader, in.Flags, out)
}

// OpenDir implements fuse.RawFileSystem.
func (f filesystem) OpenDir(cancel <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	return f.openNode(cancel, &in.InHeader, syscall.O_RDONLY|syscall.O_DIRECTORY, out)
}

func (m *Mount) openNode(cancel <-chan struct{}, in *fuse.InHeader, flags uint32, out *fuse.OpenOut) fuse.Status {
	by, at, errno := m.asked(in)
	if errno != 0 {
		return fuse.Status(errno)
	}
	h := &handle{mount: m, id: in.NodeId, node: at}
	return m.patiently(cancel, func(ctx context.Context) syscall.Errno {
		if !isKernelsOwn(flags) {
			file, errno := m.open(ctx, by, at, flags)
			if errno != 0 {
				return errno
			}
			h.file.Store(file)
		}
		out.Fh = m.handles.add(h)
		return 0
	})
}

// Read implements fuse.RawFileSystem. Only a program's own read has a lock owner
// (fs/fuse/file.c, fuse_send_read). All others fill pages, for sendfile(2), splice(2) and
// mmap(2). They get EINVAL if the file's pages may not be filled. Programs then read instead.
func (f filesystem) Read(cancel <-chan struct{}, in *fuse.ReadIn, p []byte) (fuse.ReadResult, fuse.Status) {
	h := f.handles.get(in.Fh)
	if h == nil {
		return nil, fuse.EBADF
	}
	if in.ReadFlags&fuse.READ_LOCKOWNER == 0 && !h.readsPages() {
		return nil, fuse.EINVAL
	}
	var n int
	status := f.patiently(cancel, func(ctx context.Context) (errno syscall.Errno) {
		n, errno = h.read(ctx, user{in.Uid, in.Pid}, p, int64(in.Offset))
		return errno
	})
	if !status.Ok() {
		return nil, status
	}
	return fuse.ReadResultData(p[:n]), fuse.OK
}

// Writev implements fuse.RawFileSystem.
func (f filesystem) Writev(cancel <-chan struct{}, in *fuse.WriteIn, parts [][]byte) (uint32, fuse.Status) {
	h := f.handles.get(in.Fh)
	if h == nil || len(parts) != 1 { // the loop gives all bytes in one part
		return 0, fuse.EBADF
	}
	file := h.file.Load()
	if file == nil {
		return 0, fuse.EBADF // the open was one without flags, for reading
	}
	var n int
	status := f.patiently(cancel, func(ctx context.Context) (errno syscall.Errno) {
		var err error
		n, err = file.WriteAt(ctx, parts[0], int64(in.Offset))
		return errnoOf(err)
	})
	return uint32(n), status
}

// Lseek implements fuse.RawFileSystem, for SEEK_DATA and SEEK_HOLE (lseek(2)). The files
// have no holes. The error is ENXIO at or past the end.
func (f filesystem) Lseek(cancel <-chan struct{}, in *fuse.LseekIn, out *fuse.LseekOut) fuse.Status {
	by, at, errno := f.asked(&in.InHeader)
	if errno != 0 {
		return fuse.Status(errno)
	}
	return f.patiently(cancel, func(ctx context.Context) syscall.Errno {
		_, attr, errno := f.attr(ctx, by, at, in.NodeId)
		if errno == 0 && in.Offset >= attr.Size {
			return syscall.ENXIO
		}
		const seekData = 3
		out.Offset = attr.Size
		if in.Whence == seekData {
			out.Offset = in.Offset
		}
		return errno
	})
}

// Fsync implements fuse.RawFileSystem.
func (f filesystem) Fsync(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	h := f.handles.get(in.Fh)
	if h == nil {
		return fuse.EBADF
	}
	file := h.file.Load()
	if file == nil {
		return fuse.OK
	}
	return f.patiently(cancel, func(ctx context.Context) syscall.Errno { return errnoOf(file.Sync(ctx)) })
}

// Flush implements fuse.RawFileSystem. A descriptor was closed, and others may be open.
func (f filesystem) Flush(_ <-chan struct{}, in *fuse.FlushIn) fuse.Status {
	if h := f.handles.get(in.Fh); h != nil {
		if file := h.file.Load(); file != nil && file.claim != nil {
			file.claim.flushed.Store(true)
		}
	}
	return fuse.OK
}

// Release implements fuse.RawFileSystem. The last descriptor was closed.
func (f filesystem) Release(_ <-chan struct{}, in *fuse.ReleaseIn) {
	if h := f.handles.remove(in.Fh); h != nil {
		h.release()
	}
}

// ReadDir implements fuse.RawFileSystem.
func (f filesystem) ReadDir(cancel <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	h := f.handles.get(in.Fh)
	if h == nil {
		return fuse.EBADF
	}
	return f.patiently(cancel, func(ctx context.Context) syscall.Errno {
		entries, errno := h.list(ctx, in.Offset)
		for _, e := range entries {
			mode := uint32(syscall.S_IFREG)
			if e.QID.Type&p9.TypeDir != 0 {
				mode = syscall.S_IFDIR
			}
			if !out.AddDirEntry(fuse.DirEntry{Name: e.Name, Ino: e.QID.Path, Mode: mode}) {
				break
			}
		}
		return errno
	})
}

// ReleaseDir implements fuse.RawFileSystem.
func (f filesystem) ReleaseDir(in *fuse.ReleaseIn) { f.Release(nil, in) }
