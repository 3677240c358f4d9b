package fusefs

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"fullex/p9srv/client"
)

// handle is an open file.
type handle struct {
	mount    *Mount
	file     *client.File
	door     door          // of a device file that a process opened
	flushed  atomic.Bool   // somebody closed a descriptor of it
	released chan struct{} // closed when the session has ended
}

var (
	_ fs.FileReader   = (*handle)(nil)
	_ fs.FileWriter   = (*handle)(nil)
	_ fs.FileFlusher  = (*handle)(nil)
	_ fs.FileReleaser = (*handle)(nil)
	_ fs.FileFsyncer  = (*handle)(nil)
)

// hold returns what Open returns, and remembers an open of a process.
func (m *Mount) hold(h *handle, file *client.File, errno syscall.Errno) (fs.FileHandle, uint32, syscall.Errno) {
	if errno != 0 {
		return nil, 0, errno
	}
	h.file = file
	if h.door.process != 0 {
		m.mu.Lock()
		m.held[h.door] = h
		m.mu.Unlock()
	}
	return h, fuse.FOPEN_DIRECT_IO, 0
}

// releaseTime is how long an open waits for the end of a session whose file was
// closed. The kernel has told of it before it tells of the open; what is left is
// for another goroutine to do that.
const releaseTime = 200 * time.Millisecond

// isClosing waits, if a descriptor of the file behind a door was closed, for the
// session's end, and says whether it came. Where another descriptor is open it
// does not come, and the open is refused as it must be, a little later.
func (m *Mount) isClosing(d door) bool {
	m.mu.Lock()
	h := m.held[d]
	m.mu.Unlock()
	if h == nil {
		return true // it has ended meanwhile
	}
	if !h.flushed.Load() {
		return false
	}
	timer := time.NewTimer(releaseTime)
	defer timer.Stop()
	select {
	case <-h.released:
		return true
	case <-timer.C:
		return false
	}
}

// Read implements fs.FileReader.
func (h *handle) Read(_ context.Context, p []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	n, err := h.file.ReadAt(background, p, offset)
	if err != nil {
		return nil, errnoOf(err)
	}
	return fuse.ReadResultData(p[:n]), 0
}

// Write implements fs.FileWriter.
func (h *handle) Write(_ context.Context, p []byte, offset int64) (uint32, syscall.Errno) {
	n, err := h.file.WriteAt(background, p, offset)
	return uint32(n), errnoOf(err)
}

// Flush implements fs.FileFlusher: a descriptor was closed, the last one or not.
func (h *handle) Flush(context.Context) syscall.Errno {
	h.flushed.Store(true)
	return 0
}

// Fsync implements fs.FileFsyncer.
func (h *handle) Fsync(context.Context, uint32) syscall.Errno {
	return errnoOf(h.file.Sync(background))
}

// Release implements fs.FileReleaser: the last descriptor was closed.
func (h *handle) Release(context.Context) syscall.Errno {
	err := h.file.Close(background)
	h.mount.mu.Lock()
	if h.mount.held[h.door] == h {
		delete(h.mount.held, h.door)
	}
	h.mount.mu.Unlock()
	close(h.released)
	if err != nil && !errors.Is(err, client.ErrEnded) {
		h.mount.log.Warn("close", "file", h.door.String(), "error", err)
	}
	return 0
}
