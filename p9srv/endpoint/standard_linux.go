package endpoint

import "golang.org/x/sys/unix"

// replace makes fd a copy of the descriptor with. Linux does not have dup2(2) on every
// architecture.
func replace(with, fd int) error { return unix.Dup3(with, fd, 0) }
