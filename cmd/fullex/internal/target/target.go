package target

import (
	"context"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Target is a device tree.
type Target interface {
	// Open opens a file with the flags of open(2), of which only the access
	// mode matters.
	Open(path string, flags int) (File, error)
	// Stat describes a file.
	Stat(path string) (Entry, error)
	// List returns the entries of a directory, sorted by name, without "."
	// and "..". Only the names and types are known.
	List(path string) ([]Entry, error)
	// Device is the path of the device file that is meant when none is named:
	// "full_ex", or "" where the target is a device file itself.
	Device() string
	// Close lets the target go and closes what is open.
	Close() error
}

// File is an open file. Every Read and Write is one call at the file, whatever
// its size, 0 too; each goes on where the last one ended. A Read at the end
// returns 0 and no error. ReadAt and WriteAt are likewise one call each, which says
// where and may be short.
type File interface {
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
	ReadAt(p []byte, offset int64) (int, error)
	WriteAt(p []byte, offset int64) (int, error)
	Close() error
}

// Described is a File that is a file descriptor of this process.
type Described interface{ FD() int }

// Entry describes a file. List fills in the first two fields only.
type Entry struct {
	Name     string      // last element of its path
	Mode     fs.FileMode // type and permission bits
	Inode    uint64
	Links    uint64
	UID, GID uint32
	Size     int64 // bytes
	Modified time.Time
}

// deviceName is the file that a tree's commands mean when none is named.
const deviceName = "full_ex"

// Open reaches a target, until ctx ends; a target that is open does not depend on it.
func Open(ctx context.Context, name Name) (Target, error) {
	if e, ok := name.Endpoint(); ok {
		return dial(ctx, e)
	}
	return openPath(name.Path())
}

// elements splits a path within a target, without "." and "..", which 9P does
// not know. ".." of the root is the root.
func elements(name string) []string {
	return strings.FieldsFunc(path.Clean("/"+name), func(r rune) bool { return r == '/' })
}
