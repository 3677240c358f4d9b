package ownpath

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"golang.org/x/sys/unix"
)

// Nameless makes a file in an open directory and removes its name, so that no other process
// can open it. The error is an errno.
func Nameless(dir *os.File) (*os.File, error) {
	name := fmt.Sprintf(".fullex-%016x", rand.Uint64())
	const flags = unix.O_RDWR | unix.O_CREAT | unix.O_EXCL | unix.O_CLOEXEC
	fd, err := unix.Openat(int(dir.Fd()), name, flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Unlinkat(int(dir.Fd()), name, 0); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
}
