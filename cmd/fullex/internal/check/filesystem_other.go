//go:build !linux

package check

// kind is a file system that does something to calls.
type kind int

const (
	other kind = iota
	fuse
	v9fs
)

func fileSystem(string) kind { return other }

func losesLongReads() bool { return false }
