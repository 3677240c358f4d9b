package target

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Nature describes a file at a path, which may be a device.
type Nature struct {
	Path    string        // of the file, with the path of its target
	Content int64         // size of a file with blocks on a disk, in bytes; 0: a device has none (stat(2), st_blocks)
	Refused syscall.Errno // why the file may not be read and written (access(2)); 0: it may

	FUSE, V9FS bool // the file is on a mount of this client of Linux, which changes calls
	// LosesLongReads reports that the client discards what a read has got if its next
	// part is refused.
	LosesLongReads bool
}

// Nature implements Mounted.
func (m mounted) Nature(path string) (Nature, error) {
	n := Nature{Path: m.at(path)}
	n.lookAtMount()
	info, err := os.Stat(n.Path)
	if err != nil {
		return n, err
	}
	// With some cache modes, v9fs keeps a size of its own for a device.
	if s, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().IsRegular() && s.Blocks != 0 && !n.V9FS {
		n.Content = info.Size()
	}
	n.Refused, _ = errors.AsType[syscall.Errno](unix.Access(n.Path, unix.R_OK|unix.W_OK))
	return n, nil
}

// RefuseOrdinary returns an error if a file of a target has content on a disk. Calls that
// are made as at a device would destroy it. Other errors are left to Open.
func RefuseOrdinary(t Target, path string) error {
	m, ok := t.(Mounted)
	if !ok {
		return nil
	}
	if n, err := m.Nature(path); err == nil && n.Content > 0 {
		return fmt.Errorf("%s is not a device but an ordinary file of %d bytes, which would be lost", n.Path, n.Content)
	}
	return nil
}
