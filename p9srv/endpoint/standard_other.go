//go:build !linux

package endpoint

import "golang.org/x/sys/unix"

// replace makes fd a copy of the descriptor with.
func replace(with, fd int) error { return unix.Dup2(with, fd) }
