package endpoint

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// standardStreams is the number of standard streams: descriptors 0, 1 and 2.
const standardStreams = 3

// takeOver moves an inherited socket to a new descriptor. Standard streams that are the same
// socket, as inetd starts servers, become /dev/null. So no output gets into the connection.
// And no file that is opened later gets the number of a standard stream.
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
		if err := toNull(n); err != nil {
			return nil, errors.Join(fmt.Errorf("replace descriptor %d: %w", n, err), f.Close())
		}
	}
	if socket < standardStreams {
		return f, nil
	}
	return f, unix.Close(socket)
}

// sameFile reports whether two descriptors refer to the same file.
func sameFile(a, b int) bool {
	var one, other unix.Stat_t
	if unix.Fstat(a, &one) != nil || unix.Fstat(b, &other) != nil {
		return false // one of them is not open
	}
	return one.Dev == other.Dev && one.Ino == other.Ino
}

// toNull replaces a descriptor by one of /dev/null.
func toNull(fd int) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(replace(int(null.Fd()), fd), null.Close())
}
