package endpoint

import (
	"errors"

	"golang.org/x/sys/unix"
)

// isNoVsock tells of a kernel without the address family or its transport.
func isNoVsock(err error) bool {
	return errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.ENODEV) ||
		errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EADDRNOTAVAIL)
}
