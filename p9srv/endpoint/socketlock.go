package endpoint

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"fullex/p9srv/deadline"
)

// A lock that another process has is tried for every lockTry, and for lockTime at
// most: a server needs it for as long as it takes to bind a socket.
const (
	lockTry  = 10 * time.Millisecond
	lockTime = time.Second
)

// lock keeps servers of the same user from making a socket at the same time. It is
// a file beside the socket for that moment, which no other user may open: anybody
// could lock the directory, and a directory that may not be read cannot be locked.
//
// It is not a condition of serving. A file that cannot be locked in time is left
// alone; the caller must be right without a lock, too. The error is ctx's.
func (d *socketDir) lock(ctx context.Context, name string) (unlock func(), err error) {
	giveUp := time.Now().Add(lockTime)
	for {
		fd, err := d.tryLock(name)
		if err == nil {
			return func() {
				_ = d.remove(name) // another server may be waiting for it, and makes one anew
				_ = unix.Close(fd) // unlocks; nothing was written
			}, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(giveUp) {
			return func() {}, nil
		}
		if deadline.Sleep(ctx, lockTry) != nil {
			return nil, ctx.Err()
		}
	}
}

// tryLock makes the file and locks it. EWOULDBLOCK is for one that is in use, or was
// removed by whoever used it.
func (d *socketDir) tryLock(name string) (fd int, err error) {
	const flags = unix.O_RDWR | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err = unix.Openat(d.fd(), name, flags, 0o600)
	if err != nil {
		return -1, err
	}
	if err = d.takeLock(fd, name); err != nil {
		_ = unix.Close(fd)
	}
	return fd, err
}

func (d *socketDir) takeLock(fd int, name string) error {
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return err
	}
	var locked, named unix.Stat_t
	if err := unix.Fstat(fd, &locked); err != nil {
		return err
	}
	if locked.Mode&unix.S_IFMT != unix.S_IFREG || int(locked.Uid) != os.Geteuid() {
		return unix.EPERM // not what tryLock makes
	}
	err := unix.Fstatat(d.fd(), name, &named, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) || err == nil && named.Ino != locked.Ino {
		return unix.EWOULDBLOCK
	}
	return err
}
