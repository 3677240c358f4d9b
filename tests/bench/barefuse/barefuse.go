// Package barefuse serves a FUSE file that does nothing. An operation on a FUSE file of the
// same library cannot take less.
package barefuse

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Name is the name of the file.
const Name = "file"

// Serve mounts a directory with the file and returns when SIGTERM has ended the
// mount.
func Serve(dir string) error {
	root := &directory{}
	server, err := fs.Mount(dir, root, &fs.Options{
		MountOptions:    fuse.MountOptions{DirectMount: os.Geteuid() == 0, DisableXAttrs: true, DisableSplice: true},
		NullPermissions: true,
	})
	if err != nil {
		return fmt.Errorf("mount at %s: %w", dir, err)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	if err := server.Unmount(); err != nil {
		return fmt.Errorf("unmount %s: %w", dir, err)
	}
	server.Wait()
	return nil
}

// directory is the root, which has the file.
type directory struct{ fs.Inode }

var _ fs.NodeOnAdder = (*directory)(nil)

// OnAdd implements fs.NodeOnAdder.
func (d *directory) OnAdd(ctx context.Context) {
	d.AddChild(Name, d.NewPersistentInode(ctx, &file{}, fs.StableAttr{Mode: syscall.S_IFREG}), false)
}

// file answers from memory: it accepts every write, and a read returns four bytes.
type file struct{ fs.Inode }

var (
	_ fs.NodeOpener    = (*file)(nil)
	_ fs.NodeReader    = (*file)(nil)
	_ fs.NodeWriter    = (*file)(nil)
	_ fs.NodeSetattrer = (*file)(nil)
)

// Open implements fs.NodeOpener.
func (*file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

// value is what is read.
var value = []byte{2, 0, 0, 0}

// Read implements fs.NodeReader.
func (*file) Read(context.Context, fs.FileHandle, []byte, int64) (fuse.ReadResult, syscall.Errno) {
	return fuse.ReadResultData(value), 0
}

// Write implements fs.NodeWriter.
func (*file) Write(_ context.Context, _ fs.FileHandle, p []byte, _ int64) (uint32, syscall.Errno) {
	return uint32(len(p)), 0
}

// Setattr implements fs.NodeSetattrer.
func (*file) Setattr(context.Context, fs.FileHandle, *fuse.SetAttrIn, *fuse.AttrOut) syscall.Errno {
	return 0
}
