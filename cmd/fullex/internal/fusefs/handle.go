package fusefs

import (
	"context"
	"errors"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"fullex/p9srv/client"
)

// handle is an open file.
type handle struct {
	mount   *Mount
	file    *client.File
	door    door     // of a device file
	opening *opening // of one that may be open once; else nil
}

var (
	_ fs.FileReader   = (*handle)(nil)
	_ fs.FileWriter   = (*handle)(nil)
	_ fs.FileFlusher  = (*handle)(nil)
	_ fs.FileReleaser = (*handle)(nil)
	_ fs.FileFsyncer  = (*handle)(nil)
)

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
	if h.opening != nil {
		h.opening.flushed.Store(true)
	}
	return 0
}

// Fsync implements fs.FileFsyncer.
func (h *handle) Fsync(context.Context, uint32) syscall.Errno {
	return errnoOf(h.file.Sync(background))
}

// Release implements fs.FileReleaser: the last descriptor was closed.
func (h *handle) Release(context.Context) syscall.Errno {
	t := &h.mount.openings
	t.ending.Add(1)
	defer t.ending.Add(-1)
	if h.opening != nil {
		h.opening.ending.Store(true)
		defer t.end(h.opening)
	}
	if err := h.file.Close(background); err != nil && !errors.Is(err, client.ErrEnded) {
		h.mount.log.Warn("close", "file", h.door.String(), "error", err)
	}
	return 0
}
