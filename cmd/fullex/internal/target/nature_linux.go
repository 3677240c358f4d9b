package target

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// lookAtMount sets the fields about the mount of the file.
func (n *Nature) lookAtMount() {
	var s unix.Statfs_t
	if err := unix.Statfs(n.Path, &s); err != nil {
		return // Nature returns the error of its next call for the file
	}
	n.FUSE = int64(s.Type) == unix.FUSE_SUPER_MAGIC
	n.V9FS = int64(s.Type) == unix.V9FS_MAGIC
	n.LosesLongReads = n.V9FS && losesLongReads()
}

// losesLongReads reports whether v9fs of this kernel discards what a read has got if the
// server refuses the next part: Linux 6.8 and later do. It returns true if it cannot know.
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
