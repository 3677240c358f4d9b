package rights

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// MayWait reports whether closing a descriptor can take long. Only memory and eventfds
// are known not to.
func MayWait(fd int) bool {
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err == nil { // memory only has seals (fcntl(2))
		return false
	}
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	return err != nil || name != "anon_inode:[eventfd]"
}

// Discard closes a descriptor that came from a peer: later if that can take long. Then
// it calls closed, if that is not nil.
func Discard(fd int, closed func()) {
	closes := func() error {
		err := unix.Close(fd) // nothing was written that could be lost
		if closed != nil {
			closed()
		}
		return err
	}
	if MayWait(fd) {
		Later(closes)
		return
	}
	_ = closes()
}
