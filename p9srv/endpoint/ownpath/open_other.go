//go:build !linux

package ownpath

import (
	"errors"
	"io/fs"
	"os"
)

// Open opens a directory for the system calls that take one. It reports whether the
// path is fixed, for which only Linux has an answer. The error is an errno.
func Open(path string) (dir *os.File, fixed bool, err error) {
	dir, err = os.Open(path)
	var open *fs.PathError
	if errors.As(err, &open) {
		err = open.Err
	}
	return dir, true, err
}

// Keeps reports whether no other user can replace what this user makes in a
// directory, for which only Linux has an answer.
func Keeps(*os.File) bool { return true }
