package endpoint

import (
	"errors"

	"golang.org/x/sys/unix"
)

// isNoVsock reports whether an error says that the kernel lacks the address family or a
// transport for it.
func isNoVsock(err error) bool {
	return errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.ENODEV) ||
		errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EADDRNOTAVAIL)
}
