package fusefs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"fullex/cmd/fullex/internal/fusermount"
	"fullex/cmd/fullex/internal/v9fs"
)

// attach mounts with options that kernel and fusermount3 share, and returns the connection
// with the kernel.
func (m *Mount) attach(options []string) (fd int, err error) {
	return fusermount.Mount(m.dir, options...)
}

// unmount ends the mount wherever it is now, or takes it out of the tree. One that has
// ended meanwhile is no error.
func (m *Mount) unmount(lazy bool) error {
	path, err := v9fs.PathOf(m.device)
	if m.device == 0 || errors.Is(err, os.ErrNotExist) { // it never answered, or there is no /proc
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

// unmountAt ends the mount at a path, at which another one may be by now.
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

// answer waits until the mount answers, and makes the kernel ask now whether its
// files can be polled: the library answers that none can. A later answer could wait
// for the thread of this process that asks.
func (m *Mount) answer() error {
	fd, err := unix.Open(filepath.Join(m.dir, ".go-fuse-epoll-hack"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("look into the mount: %w", err)
	}
	var stat unix.Stat_t
	err = unix.Fstat(fd, &stat)
	m.device = uint64(stat.Dev)
	_, pollErr := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return errors.Join(err, pollErr, unix.Close(fd))
}
