package target

import (
	"context"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Opener is one client of a device tree.
type Opener interface {
	// Open opens a file with the flags of open(2), of which over 9P only the
	// access mode arrives.
	Open(path string, flags int) (File, error)
	// Close ends the client, with calls that wait, and closes what it has open. A
	// target that is a path of this system is let go only. Closing again is not an
	// error.
	Close() error
}

// Target is a device tree as one client reaches it.
type Target interface {
	Opener
	// Stat describes a file.
	Stat(path string) (Entry, error)
	// List returns the entries of a directory, sorted by name, without "."
	// and "..". Only the names and types are known.
	List(path string) ([]Entry, error)
	// Device is the path of the device file that is meant when none is named:
	// "full_ex", or "" where the target is a device file itself.
	Device() string
}

// Mounted is a Target that is a path: it takes the calls that are made with paths.
type Mounted interface {
	Target
	// Nature describes a file that may be a device.
	Nature(path string) (Nature, error)
	// Truncate is truncate(2) to 0.
	Truncate(path string) error
	// Touch is utimes(2), to now.
	Touch(path string) error
}

// File is an open file. Every Read and Write is one call at the file, whatever
// its size, 0 too; each goes on where the last one ended. A Read at the end
// returns 0 and no error.
type File interface {
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
	Close() error
}

// Placed is a File whose calls can say where. They are one call each, too, and may be short.
type Placed interface {
	File
	ReadAt(p []byte, offset int64) (int, error)
	WriteAt(p []byte, offset int64) (int, error)
}

// OtherReads is a File that is read by calls that kernels do otherwise than read(2).
type OtherReads interface {
	File
	// Submit reads at an offset by io_submit(2).
	Submit(p []byte, offset int64) (int, error)
	// Send has len(p) bytes sent by sendfile(2), and returns those that came.
	Send(p []byte) (int, error)
}

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
