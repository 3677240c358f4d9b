package fusefs

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/client"
	"fullex/p9srv/tree"
)

// handle is an open file or directory.
type handle struct {
	mount *Mount
	id    uint64 // node ID
	node  tree.Node

	opening sync.Mutex             // held while the server opens the file
	file    atomic.Pointer[opened] // nil: the kernel has opened it on its own

	listing sync.Mutex  // guards entries
	entries []p9.Dirent // of a directory, from its start on
}

// opened is a file that the server has opened.
type opened struct {
	*client.File
	door  door     // of a device file
	claim *opening // of one that may be open once; else nil
}

// openedFor returns the open file. One that the kernel has opened on its own, to ask for
// its flags (ioctl(2) FS_IOC_GETFLAGS; fs/fuse/ioctl.c, fuse_priv_ioctl_prepare), is no
// client: nothing is opened at the server before it is read, which the kernel does not do.
func (h *handle) openedFor(ctx context.Context, by user) (*opened, syscall.Errno) {
	if file := h.file.Load(); file != nil {
		return file, 0
	}
	if by.uid == math.MaxUint32 {
		return nil, syscall.EACCES // nothing is done for nobody
	}
	h.opening.Lock()
	defer h.opening.Unlock()
	if file := h.file.Load(); file != nil {
		return file, 0
	}
	file, errno := h.mount.open(ctx, by, h.node, syscall.O_RDONLY)
	if errno == 0 {
		h.file.Store(file)
	}
	return file, errno
}

// read reads a value of a device, or text: a reply that is short is the end of the file
// for the kernel, so of a text it is not.
func (h *handle) read(ctx context.Context, by user, p []byte, offset int64) (int, syscall.Errno) {
	file, errno := h.openedFor(ctx, by)
	if errno != 0 {
		return 0, errno
	}
	n, err := file.ReadAt(ctx, p, offset)
	for last := n; h.node.IsText() && err == nil && last > 0 && n < len(p); n += last {
		last, err = file.ReadAt(ctx, p[n:], offset+int64(n))
	}
	return n, errnoOf(err)
}

// readsPages reports whether the kernel may read pages of the file. All descriptors share
// them, so it may where there is one, and a text: a value in a page would be popped from
// the deque of the process that made the kernel read it, and be read again and again by
// all others.
func (h *handle) readsPages() bool {
	_, others := h.mount.handles.ofNode(h.id)
	return h.node.IsText() && !others
}

// list returns the entries of a directory as they were when it was last read from its
// start.
func (h *handle) list(ctx context.Context, offset uint64) ([]p9.Dirent, syscall.Errno) {
	h.listing.Lock()
	defer h.listing.Unlock()
	if offset == 0 {
		entries, err := h.file.Load().ReadDir(ctx)
		if err != nil {
			return nil, errnoOf(err)
		}
		h.entries = entries
	}
	return h.entries[min(offset, uint64(len(h.entries))):], 0
}

// release closes the file at the server, without waiting: what comes to the server after
// that finds it closed, as it takes one request after the other.
func (h *handle) release() {
	file := h.file.Load()
	if file == nil {
		return
	}
	_ = file.Close(past) // a server that is gone has closed it
	if file.claim != nil {
		h.mount.openings.end(file.claim)
	}
}

// past is a context that has ended.
var past = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
