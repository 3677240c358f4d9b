package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// closeInherited closes the descriptors that this process has inherited, except the standard
// ones. These are the descriptors that a child would inherit: Go marks all others
// close-on-exec. A background process would otherwise keep files, locks and pipes in use.
func closeInherited() error {
	entries, err := os.ReadDir("/dev/fd")
	if errors.Is(err, os.ErrNotExist) {
		return nil // this system has no such list
	}
	if err != nil {
		return fmt.Errorf("look for inherited descriptors: %w", err)
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(fd) // nothing was written to it
		}
	}
	return nil
}
