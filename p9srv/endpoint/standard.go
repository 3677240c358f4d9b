package endpoint

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// standardStreams is how many descriptors have a meaning of their own: 0, 1 and 2.
const standardStreams = 3

// takeOver moves an inherited socket away from its number and from those of the
// standard streams that are the same socket. These become /dev/null: what anybody
// prints must not get into the connection, and no file that is opened later may get
// such a number.
func takeOver(socket int) (*os.File, error) {
	taken, err := unix.FcntlInt(uintptr(socket), unix.F_DUPFD_CLOEXEC, standardStreams)
	if err != nil {
		return nil, fmt.Errorf("duplicate it: %w", err)
	}
	f := os.NewFile(uintptr(taken), "inherited socket")
	for n := range standardStreams {
		if !sameFile(n, taken) {
			continue
		}
		if err := discard(n); err != nil {
			return nil, errors.Join(fmt.Errorf("replace descriptor %d: %w", n, err), f.Close())
		}
	}
	if socket < standardStreams {
		return f, nil
	}
	return f, unix.Close(socket)
}

// sameFile reports whether two descriptors are of the same open file.
func sameFile(a, b int) bool {
	var one, other unix.Stat_t
	if unix.Fstat(a, &one) != nil || unix.Fstat(b, &other) != nil {
		return false // one of them is not open
	}
	return one.Dev == other.Dev && one.Ino == other.Ino
}

// discard makes a descriptor one of /dev/null.
func discard(fd int) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(replace(int(null.Fd()), fd), null.Close())
}
