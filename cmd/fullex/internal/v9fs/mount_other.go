//go:build !linux

package v9fs

import (
	"errors"
	"path/filepath"
)

var errLinuxOnly = errors.New("only Linux has a 9p client to mount with")

func sysMount(string, string, uintptr, string) error { return errLinuxOnly }

func explained(err error) error { return err }

// Unmount returns an error: it works on Linux only.
func Unmount(string, bool) error { return errLinuxOnly }

// MountPoint returns the path of a directory, absolute and without symbolic links.
func MountPoint(dir string) (string, error) {
	path, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}
