package fusefs

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// kernelOpen is an open that the kernel makes on its own, to ask for the flags of a
// file that somebody has open or looks at (ioctl(2) FS_IOC_GETFLAGS;
// fs/fuse/ioctl.c, fuse_priv_ioctl_prepare). It is no client: nothing is opened at
// the server before it is read, which the kernel does not do.
type kernelOpen struct {
	node *node

	opening sync.Mutex             // held while the server opens the file
	file    atomic.Pointer[handle] // nil: not opened yet
}

var (
	_ fs.FileReader   = (*kernelOpen)(nil)
	_ fs.FileFlusher  = (*kernelOpen)(nil)
	_ fs.FileReleaser = (*kernelOpen)(nil)
	_ fs.FileFsyncer  = (*kernelOpen)(nil)
)

// isKernelOpen reports whether the flags of an open are those of the kernel's own:
// none. A 64-bit kernel gives O_LARGEFILE to every open of a program (fs/open.c,
// force_o_largefile), but to those of 32-bit programs: they are told by their first
// read what the open would have told them.
func isKernelOpen(flags uint32) bool { return runtime.GOOS == "linux" && flags == 0 }

// opened opens the file at the server, once, for whoever uses it first.
func (k *kernelOpen) opened(ctx context.Context) (*handle, syscall.Errno) {
	k.opening.Lock()
	defer k.opening.Unlock()
	if file := k.file.Load(); file != nil {
		return file, 0
	}
	file, errno := k.node.openAs(ctx, syscall.O_RDONLY)
	if errno == 0 {
		k.file.Store(file)
	}
	return file, errno
}

// Read implements fs.FileReader.
func (k *kernelOpen) Read(ctx context.Context, p []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	file, errno := k.opened(ctx)
	if errno != 0 {
		return nil, errno
	}
	return file.Read(ctx, p, offset)
}

// Flush implements fs.FileFlusher.
func (k *kernelOpen) Flush(ctx context.Context) syscall.Errno {
	if file := k.file.Load(); file != nil {
		return file.Flush(ctx)
	}
	return 0
}

// Fsync implements fs.FileFsyncer.
func (k *kernelOpen) Fsync(ctx context.Context, flags uint32) syscall.Errno {
	if file := k.file.Load(); file != nil {
		return file.Fsync(ctx, flags)
	}
	return 0
}

// Release implements fs.FileReleaser.
func (k *kernelOpen) Release(ctx context.Context) syscall.Errno {
	if file := k.file.Load(); file != nil {
		return file.Release(ctx)
	}
	return 0
}
