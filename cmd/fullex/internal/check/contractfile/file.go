// Package contractfile reads and prints a contract as a TOML file, which a teacher can edit.
// A file changes a profile: a key that it leaves out is as the profile says.
//
// An error of [Read] is one line. It names the line and the column, and what would be right.
package contractfile

import (
	"fmt"
	"path/filepath"
	"strings"

	"fullex/device/contract"
)

// File is what a file says.
type File struct {
	Contract *contract.Contract
	Path     string   // pattern of the device's path, as filepath.Match has them; "": none
	Hidden   []string // cases and groups of check to hide
}

// Of returns the file of a profile.
func Of(p contract.Profile) File { return File{Contract: contract.Of(p)} }

// Device returns the path of the device: the only file that fits the pattern.
func (f File) Device() (string, error) {
	paths, err := filepath.Glob(f.Path)
	switch {
	case err != nil:
		return "", fmt.Errorf("path %q: %w", f.Path, err)
	case len(paths) == 0:
		return "", fmt.Errorf("no file fits the path %q of the contract", f.Path)
	case len(paths) > 1:
		return "", fmt.Errorf("the path %q of the contract fits %s; want one file", f.Path, strings.Join(paths, ", "))
	}
	return paths[0], nil
}
