//go:build !linux

package fusefs

import "errors"

// attach returns an error: only Linux has this connection with the kernel.
func (m *Mount) attach([]string) (fd int, err error) {
	return -1, errors.New("FUSE mounts are for Linux")
}

func (*Mount) unmount(bool) error { return nil }
