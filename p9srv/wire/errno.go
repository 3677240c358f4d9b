package wire

import (
	"errors"
	"runtime"
	"syscall"

	"github.com/hugelgupf/p9/linux"
)

// errnos maps the errno values of this system to those of 9P2000.L, which
// are Linux's on every system. It is the only such table.
var errnos = map[syscall.Errno]linux.Errno{
	syscall.EACCES:       linux.EACCES,
	syscall.EBADF:        linux.EBADF,
	syscall.EBUSY:        linux.EBUSY,
	syscall.EEXIST:       linux.EEXIST,
	syscall.EINVAL:       linux.EINVAL,
	syscall.EIO:          linux.EIO,
	syscall.EISDIR:       linux.EISDIR,
	syscall.EMFILE:       linux.EMFILE,
	syscall.EMSGSIZE:     linux.EMSGSIZE,
	syscall.ENAMETOOLONG: linux.ENAMETOOLONG,
	syscall.ENFILE:       linux.ENFILE,
	syscall.ENOBUFS:      linux.ENOBUFS,
	syscall.ENOENT:       linux.ENOENT,
	syscall.ENOTDIR:      linux.ENOTDIR,
	syscall.EOPNOTSUPP:   linux.EOPNOTSUPP,
	syscall.EPERM:        linux.EPERM,
	syscall.EPROTO:       linux.EPROTO,
	syscall.ESPIPE:       linux.ESPIPE,
}

// errnoTable is errnos by number: refusals are data, too, and a map look-up
// would be a third of their time (BenchmarkRefusals).
var errnoTable = func() (table [maxErrno]linux.Errno) {
	for errno, e := range errnos {
		table[errno] = e
	}
	return table
}()

// maxErrno is above every errno of the systems this builds for.
const maxErrno = 256

// Errno returns what a client is told about an error: its errno, or EIO for an error
// that has none. linux.ExtractErrno of hugelgupf/p9 is no substitute, as it guesses
// wrong: it makes EPERM 13.
func Errno(err error) linux.Errno {
	switch errno := err.(type) { // most errors are these; errors.As allocates
	case syscall.Errno:
		return known(errno)
	case linux.Errno:
		return errno
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return known(errno)
	}
	var told linux.Errno
	if errors.As(err, &told) {
		return told
	}
	return linux.EIO
}

func known(errno syscall.Errno) linux.Errno {
	if int(errno) < len(errnoTable) && errnoTable[errno] != 0 {
		return errnoTable[errno]
	}
	return linux.EIO
}

// Local returns this system's errno for one that a reply carried: EIO for one that
// this system does not have.
func Local(e linux.Errno) syscall.Errno {
	if runtime.GOOS == "linux" {
		return syscall.Errno(e)
	}
	for errno, l := range errnos {
		if l == e {
			return errno
		}
	}
	return syscall.EIO
}
