package tree

import (
	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"
)

// This file has the methods of p9.File that need no state. Those that would change the tree
// return EPERM, as for an immutable directory.

// Create implements p9.File.
func (*File) Create(string, p9.OpenFlags, p9.FileMode, p9.UID, p9.GID) (p9.File, p9.QID, uint32, error) {
	return nil, p9.QID{}, 0, linux.EPERM
}

// Mkdir implements p9.File.
func (*File) Mkdir(string, p9.FileMode, p9.UID, p9.GID) (p9.QID, error) {
	return p9.QID{}, linux.EPERM
}

// Symlink implements p9.File.
func (*File) Symlink(string, string, p9.UID, p9.GID) (p9.QID, error) {
	return p9.QID{}, linux.EPERM
}

// Link implements p9.File.
func (*File) Link(p9.File, string) error { return linux.EPERM }

// Mknod implements p9.File.
func (*File) Mknod(string, p9.FileMode, uint32, uint32, p9.UID, p9.GID) (p9.QID, error) {
	return p9.QID{}, linux.EPERM
}

// Rename implements p9.File.
func (*File) Rename(p9.File, string) error { return linux.EPERM }

// RenameAt implements p9.File.
func (*File) RenameAt(string, p9.File, string) error { return linux.EPERM }

// UnlinkAt implements p9.File.
func (*File) UnlinkAt(string, uint32) error { return linux.EPERM }

// Readlink implements p9.File. It returns EINVAL, as readlink(2) does: no file is a link.
func (*File) Readlink() (string, error) { return "", linux.EINVAL }

// FSync implements p9.File. It does nothing: no file delays a write.
func (*File) FSync() error { return nil }

// Lock implements p9.File. It grants every lock. The Linux of one client handles the locks
// among its own programs, and two clients never share a session.
func (*File) Lock(int, p9.LockType, p9.LockFlags, uint64, uint64, string) (p9.LockStatus, error) {
	return p9.LockStatusOK, nil
}

// GetXattr implements p9.File: there are no extended attributes.
func (*File) GetXattr(string) ([]byte, error) { return nil, linux.EOPNOTSUPP }

// SetXattr implements p9.File: there are no extended attributes.
func (*File) SetXattr(string, []byte, p9.XattrFlags) error { return linux.EOPNOTSUPP }

// ListXattrs implements p9.File: there are no extended attributes.
func (*File) ListXattrs() ([]string, error) { return nil, linux.EOPNOTSUPP }

// RemoveXattr implements p9.File: there are no extended attributes.
func (*File) RemoveXattr(string) error { return linux.EOPNOTSUPP }

// StatFS implements p9.File. It describes a file system without blocks.
func (*File) StatFS() (p9.FSStat, error) {
	return p9.FSStat{Type: v9fsMagic, BlockSize: blockSize, NameLength: maxName}, nil
}

// v9fsMagic is V9FS_MAGIC of linux/magic.h. df(1) and stat(1) know this type.
const v9fsMagic = 0x01021997
