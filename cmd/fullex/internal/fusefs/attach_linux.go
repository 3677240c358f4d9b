package fusefs

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"fullex/cmd/fullex/internal/fusermount"
	"fullex/cmd/fullex/internal/v9fs"
)

// attach mounts with options that both the kernel and fusermount3 know. It returns the
// connection with the kernel. It does not look into the mount: this process would wait for
// its own answer, and if it were killed meanwhile it would never end.
func (m *Mount) attach(options []string) (fd int, err error) {
	if fd, err = fusermount.Mount(m.dir, options...); err != nil {
		return -1, err
	}
	m.device, err = v9fs.DeviceAt(m.dir)
	if errors.Is(err, os.ErrNotExist) {
		err = nil // there is no /proc: unmount uses the path
	}
	if err != nil {
		return -1, errors.Join(err, fusermount.Unmount(m.dir, true), unix.Close(fd))
	}
	return fd, nil
}

// unmount ends the mount at its current path. With lazy it only removes the mount from its
// directory. It returns nil if the mount has ended already.
func (m *Mount) unmount(lazy bool) error {
	path, err := v9fs.PathOf(m.device)
	if m.device == 0 || errors.Is(err, os.ErrNotExist) { // there is no /proc
		return fusermount.Unmount(m.dir, lazy)
	}
	if err != nil || path == "" {
		return err
	}
	err = m.unmountAt(path, lazy)
	if now, nowErr := v9fs.PathOf(m.device); nowErr == nil && now == "" {
		return nil
	}
	return err
}

// unmountAt ends the mount at a path. It returns an error if another mount is there by now.
func (m *Mount) unmountAt(path string, lazy bool) (err error) {
	parent, err := fusermount.OpenParent(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parent.Close()) }()
	if now, err := v9fs.PathOf(m.device); err != nil || now != path {
		return errors.Join(err, fmt.Errorf("the mount has moved to %s", now))
	}
	return fusermount.UnmountIn(parent, path, lazy)
}
