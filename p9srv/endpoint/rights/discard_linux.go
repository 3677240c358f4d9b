package rights

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// MayWait reports whether closing a descriptor may take long. It is false only for memory
// files and eventfds.
func MayWait(fd int) bool {
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err == nil { // only memory has seals (fcntl(2))
		return false
	}
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	return err != nil || name != "anon_inode:[eventfd]"
}

// Discard closes a descriptor that came from a peer, in another thread if that may take long.
// After the close it calls closed, if that is not nil.
func Discard(fd int, closed func()) {
	closes := func() error {
		err := unix.Close(fd) // there is no written data to lose
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
