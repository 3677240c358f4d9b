package p9srv

import (
	"errors"
	"runtime"
	"syscall"

	"github.com/hugelgupf/p9/linux"
)

// wireErrno maps the errno values of this system to those of 9P2000.L, which
// are Linux's on every system. It is the only such table.
var wireErrno = map[syscall.Errno]linux.Errno{
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

// wireTable is wireErrno by number: refusals are data, too, and a map look-up
// would be a third of their time (BenchmarkRefusals).
var wireTable = func() (table [maxErrno]linux.Errno) {
	for errno, e := range wireErrno {
		table[errno] = e
	}
	return table
}()

// maxErrno is above every errno of the systems this builds for.
const maxErrno = 256

// toLinux returns what a client is told about err: its errno, or EIO for an
// error that has none. The library must be given these values only; it guesses
// at others and guesses wrong (linux.ExtractErrno makes EPERM 13).
func toLinux(err error) linux.Errno {
	if errno, ok := err.(syscall.Errno); ok { // the devices' errors
		return wire(errno)
	}
	var errno syscall.Errno // errors.As makes it escape: not for the devices'
	if !errors.As(err, &errno) {
		return linux.EIO
	}
	return wire(errno)
}

func wire(errno syscall.Errno) linux.Errno {
	if errno < maxErrno && wireTable[errno] != 0 {
		return wireTable[errno]
	}
	return linux.EIO
}

// LocalErrno returns this system's errno for one that a reply carried, which is
// Linux's: EIO for one that this system does not have. It is what a client
// needs, as toLinux is what the server does.
func LocalErrno(e linux.Errno) syscall.Errno {
	if runtime.GOOS == "linux" {
		return syscall.Errno(e)
	}
	for errno, wire := range wireErrno {
		if wire == e {
			return errno
		}
	}
	return syscall.EIO
}
