package check

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// kind is a file system that does something to calls.
type kind int

const (
	other kind = iota
	fuse
	v9fs
)

func fileSystem(path string) kind {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return other
	}
	switch int64(s.Type) {
	case unix.FUSE_SUPER_MAGIC:
		return fuse
	case unix.V9FS_MAGIC:
		return v9fs
	}
	return other
}

// losesLongReads says whether this kernel's 9p client throws away what a read has
// got when the server refuses its next part: Linux 6.8 and later.
func losesLongReads() bool {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return true
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		return true
	}
	return major > 6 || major == 6 && minor >= 8
}
