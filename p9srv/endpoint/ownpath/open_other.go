//go:build !linux

package ownpath

import (
	"errors"
	"io/fs"
	"os"
)

// Open opens a directory for system calls such as openat(2). fixed is always true here: only
// Linux is asked. The error is an errno.
func Open(path string) (dir *os.File, fixed bool, err error) {
	dir, err = os.Open(path)
	var open *fs.PathError
	if errors.As(err, &open) {
		err = open.Err
	}
	return dir, true, err
}

// Keeps is always true here: only Linux is asked.
func Keeps(*os.File) bool { return true }
