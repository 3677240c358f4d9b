package target

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// lookAtMount sets what the file system does to calls.
func (n *Nature) lookAtMount() {
	var s unix.Statfs_t
	if err := unix.Statfs(n.Path, &s); err != nil {
		return // as it is for a file that is not there
	}
	n.FUSE = int64(s.Type) == unix.FUSE_SUPER_MAGIC
	n.V9FS = int64(s.Type) == unix.V9FS_MAGIC
	n.LosesLongReads = n.V9FS && losesLongReads()
}

// losesLongReads reports whether this kernel's 9p client throws away what a read has
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
