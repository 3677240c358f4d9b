package fusefs

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// keepFromChildren keeps this process's connections with the kernel from the
// programs that it starts, which the library does not do when it mounts by itself,
// as for root: who has one keeps the mount alive after this process has ended, and
// every call on it waits for ever.
func keepFromChildren() error {
	const descriptors = "/proc/self/fd"
	entries, err := os.ReadDir(descriptors)
	if os.IsNotExist(err) {
		return nil // this system has no such list
	}
	if err != nil {
		return fmt.Errorf("look for the connection with the kernel: %w", err)
	}
	for _, e := range entries {
		file, _ := os.Readlink(descriptors + "/" + e.Name()) // it may be closed by now
		if fd, err := strconv.Atoi(e.Name()); err == nil && file == "/dev/fuse" {
			syscall.CloseOnExec(fd)
		}
	}
	return nil
}
