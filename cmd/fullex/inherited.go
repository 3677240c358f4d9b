package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// closeInherited closes what this process has inherited besides its standard
// descriptors: all that a child would inherit in turn, as Go opens nothing so. A
// process in the background would keep busy what they are open on: files, locks,
// the other ends of pipes.
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
