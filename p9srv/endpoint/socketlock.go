package endpoint

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"fullex/p9srv/deadline"
)

const (
	// lockTry is the time between two attempts to take a lock that another process has.
	lockTry = 10 * time.Millisecond
	// lockTime is how long lock tries. A server needs the lock only to bind a socket.
	lockTime = time.Second
)

// lock keeps servers of the same user from making a socket at the same time. The lock is a
// file beside the socket, which no other user may open and which unlock removes. The
// directory itself is not locked: any user could lock it, and only a readable directory can
// be locked.
//
// The lock is not necessary. If it cannot be taken in time, lock returns without it, and the
// caller must work correctly all the same. The only error is that of ctx.
func (d *socketDir) lock(ctx context.Context, name string) (unlock func(), err error) {
	giveUp := time.Now().Add(lockTime)
	for {
		fd, err := d.tryLock(name)
		if err == nil {
			return func() {
				_ = d.remove(name) // a server that waits for the lock makes a new file
				_ = unix.Close(fd) // unlocks; there is no written data to lose
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

// tryLock makes the file and locks it. It returns EWOULDBLOCK if another server has the
// lock, or removed the file before this one locked it.
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

// takeLock locks the open file fd, if that still has the name.
func (d *socketDir) takeLock(fd int, name string) error {
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return err
	}
	var locked, named unix.Stat_t
	if err := unix.Fstat(fd, &locked); err != nil {
		return err
	}
	if locked.Mode&unix.S_IFMT != unix.S_IFREG || int(locked.Uid) != os.Geteuid() {
		return unix.EPERM // tryLock did not make this file
	}
	err := unix.Fstatat(d.fd(), name, &named, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) || err == nil && named.Ino != locked.Ino {
		return unix.EWOULDBLOCK
	}
	return err
}
