package wire

import (
	"errors"
	"runtime"
	"syscall"

	"github.com/hugelgupf/p9/linux"
)

// errnos maps the errno values of this system to those of 9P2000.L, which are those of Linux.
// It is the only such table.
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

// errnoTable is errnos as an array. A map lookup would take a third of the time of a refused
// read or write (BenchmarkRefusals in p9srv).
var errnoTable = func() (table [maxErrno]linux.Errno) {
	for errno, e := range errnos {
		table[errno] = e
	}
	return table
}()

// maxErrno is above every errno in errnos, on every system.
const maxErrno = 256

// Errno returns the errno that an Rlerror carries for an error: that of the error, or EIO if it
// has none or an unknown one. Do not use linux.ExtractErrno of hugelgupf/p9 instead: it returns
// 13, EACCES, for EPERM.
func Errno(err error) linux.Errno {
	switch errno := err.(type) { // the usual types first, because errors.As allocates
	case syscall.Errno:
		return known(errno)
	case linux.Errno:
		return errno
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return known(errno)
	}
	var of9P linux.Errno
	if errors.As(err, &of9P) {
		return of9P
	}
	return linux.EIO
}

// known returns the errno of 9P2000.L for one of this system, or EIO if errnos lacks it.
func known(errno syscall.Errno) linux.Errno {
	if int(errno) < len(errnoTable) && errnoTable[errno] != 0 {
		return errnoTable[errno]
	}
	return linux.EIO
}

// Local returns this system's errno for the errno of an Rlerror. Except on Linux, it returns EIO
// for an errno that errnos lacks.
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
