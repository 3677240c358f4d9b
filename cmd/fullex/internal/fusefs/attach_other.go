//go:build !linux

package fusefs

import "errors"

// attach refuses: connection and notifications with the kernel are Linux's.
func (m *Mount) attach([]string) (fd int, err error) {
	return -1, errors.New("FUSE mounts are for Linux")
}

func (*Mount) unmount(bool) error { return nil }
