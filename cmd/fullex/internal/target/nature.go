package target

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Nature is what a system knows of a file of its own that may be a device.
type Nature struct {
	Path    string        // the whole of it
	Content int64         // bytes on a disk, which a device has not, whatever its size (stat(2), st_blocks)
	Refused syscall.Errno // why it may not be read and written (access(2)); 0: it may

	FUSE, V9FS bool // it is on a mount of Linux's client of this name, which changes calls
	// LosesLongReads says that this client throws away what a read has got when the
	// server refuses its next part.
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
	// With some caches Linux's 9P client keeps a size of its own for a device.
	if s, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().IsRegular() && s.Blocks != 0 && !n.V9FS {
		n.Content = info.Size()
	}
	n.Refused, _ = errors.AsType[syscall.Errno](unix.Access(n.Path, unix.R_OK|unix.W_OK))
	return n, nil
}

// RefuseOrdinary returns an error if a file of a target has content on a disk, which calls
// at it as at a device would destroy. What is wrong otherwise, Open says.
func RefuseOrdinary(t Target, path string) error {
	m, ok := t.(Mounted)
	if !ok {
		return nil
	}
	if n, err := m.Nature(path); err == nil && n.Content > 0 {
		return fmt.Errorf("%s is no device but an ordinary file of %d bytes, which would be lost", n.Path, n.Content)
	}
	return nil
}
