package fusefs

import "github.com/hanwen/go-fuse/v2/fuse"

// These methods implement fuse.RawFileSystem for requests that would change the tree. They
// refuse with EPERM, as the server does.

func (filesystem) Create(<-chan struct{}, *fuse.CreateIn, string, *fuse.CreateOut) fuse.Status {
	return fuse.EPERM
}

func (filesystem) Mkdir(<-chan struct{}, *fuse.MkdirIn, string, *fuse.EntryOut) fuse.Status {
	return fuse.EPERM
}

func (filesystem) Mknod(<-chan struct{}, *fuse.MknodIn, string, *fuse.EntryOut) fuse.Status {
	return fuse.EPERM
}

func (filesystem) Unlink(<-chan struct{}, *fuse.InHeader, string) fuse.Status { return fuse.EPERM }
func (filesystem) Rmdir(<-chan struct{}, *fuse.InHeader, string) fuse.Status  { return fuse.EPERM }

func (filesystem) Rename(<-chan struct{}, *fuse.RenameIn, string, string) fuse.Status {
	return fuse.EPERM
}

func (filesystem) Link(<-chan struct{}, *fuse.LinkIn, string, *fuse.EntryOut) fuse.Status {
	return fuse.EPERM
}

func (filesystem) Symlink(<-chan struct{}, *fuse.InHeader, string, string, *fuse.EntryOut) fuse.Status {
	return fuse.EPERM
}
