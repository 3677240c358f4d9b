package fusefs

import "syscall"

// keepFromChildren keeps this process's connections with the kernel from the
// programs that it starts, which the library does not do when it mounts by itself,
// as for root: who has one keeps the mount alive after this process has ended, and
// every call on it waits for ever.
func keepFromChildren() error {
	found, err := connections()
	for fd := range found {
		syscall.CloseOnExec(fd)
	}
	return err
}
