//go:build !linux

package ownpath

import (
	"errors"
	"os"
	"path/filepath"
)

// Create makes or empties a file, as os.Create does. It also opens the file's directory.
func Create(path string) (file, dir *os.File, err error) {
	if file, err = os.Create(path); err != nil {
		return nil, nil, err
	}
	if dir, err = os.Open(filepath.Dir(path)); err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, dir, nil
}
