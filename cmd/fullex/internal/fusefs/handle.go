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
	file    atomic.Pointer[opened] // nil: an open without flags, not yet read

	listing sync.Mutex  // guards entries
	entries []p9.Dirent // of a directory, all of them
}

// opened is a file that the server has opened.
type opened struct {
	*client.File
	door  door     // of a device file
	claim *opening // of a device file that may be open once; else nil
}

// openedFor returns the open file. The kernel opens a file for itself to ask for its flags
// (ioctl(2) FS_IOC_GETFLAGS; fs/fuse/ioctl.c, fuse_priv_ioctl_prepare). Such an open must
// not count as a client. The kernel never reads such a file, so openedFor opens a file
// without flags at the server only when it is read.
func (h *handle) openedFor(ctx context.Context, by user) (*opened, syscall.Errno) {
	if file := h.file.Load(); file != nil {
		return file, 0
	}
	if by.uid == math.MaxUint32 {
		return nil, syscall.EACCES // the kernel names no user
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

// read reads a value of a device, or text. The kernel takes a short reply as the end of the
// file. So read fills p with text unless the text ends.
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

// readsPages reports whether the kernel may read pages of the file: only of a text that is
// open once. All handles of a file share its pages, and two may have different texts. A
// device's value in a page would be popped for one process and then read by all others.
func (h *handle) readsPages() bool {
	_, others := h.mount.handles.ofNode(h.id)
	return h.node.IsText() && !others
}

// list returns the entries of a directory from an offset on. They are those of the time when
// the directory was last read from offset 0.
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

// release closes the file at the server, without waiting for the reply. The server takes
// requests in order, so every later request finds the file closed.
func (h *handle) release() {
	file := h.file.Load()
	if file == nil {
		return
	}
	_ = file.Close(past) // if the connection has ended, so has the session
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
