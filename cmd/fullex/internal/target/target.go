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
	// Open opens a file with the flags of open(2). Over 9P only the access mode
	// arrives.
	Open(path string, flags int) (File, error)
	// Close ends the client: it ends waiting calls and closes the files. For a path of
	// this system it does nothing: files stay open. A second Close is not an error.
	Close() error
}

// Target is a device tree, as one client sees it.
type Target interface {
	Opener
	// Stat describes a file.
	Stat(path string) (Entry, error)
	// List returns the entries of a directory, sorted by name, without "."
	// and "..". It fills in their names and types only.
	List(path string) ([]Entry, error)
	// Device returns the path of the device file that commands use if the user names
	// none: "full_ex", or "" if the target is a device file itself.
	Device() string
}

// Mounted is a Target at a path. It also has calls that take a path.
type Mounted interface {
	Target
	// Nature describes a file that may be a device.
	Nature(path string) (Nature, error)
	// Truncate is truncate(2) to 0.
	Truncate(path string) error
	// Touch is utimes(2) with the current time.
	Touch(path string) error
}

// File is an open file. Each Read and Write is one call at the file, even of 0 bytes. It
// begins at the offset at which the last one ended. A Read at the end of the file returns 0
// and no error.
type File interface {
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
	Close() error
}

// Placed is a File with calls that take an offset. Each is one call at the file, too, and
// may return fewer bytes than asked for.
type Placed interface {
	File
	ReadAt(p []byte, offset int64) (int, error)
	WriteAt(p []byte, offset int64) (int, error)
}

// OtherReads is a File with calls that read in another way than read(2). A kernel may refuse
// them.
type OtherReads interface {
	File
	// Submit reads at an offset with io_submit(2).
	Submit(p []byte, offset int64) (int, error)
	// Send reads into p with sendfile(2), through a pipe.
	Send(p []byte) (int, error)
}

// Entry describes a file. List fills in Name and Mode only.
type Entry struct {
	Name     string      // last element of its path
	Mode     fs.FileMode // type and permission bits
	Inode    uint64
	Links    uint64
	UID, GID uint32
	Size     int64 // bytes
	Modified time.Time
}

// deviceName is the file that commands use if the user names none.
const deviceName = "full_ex"

// Open opens a target. It gives up when ctx ends. An open target does not depend on ctx.
func Open(ctx context.Context, name Name) (Target, error) {
	if e, ok := name.Endpoint(); ok {
		return dial(ctx, e)
	}
	return openPath(name.Path())
}

// elements splits a path within a target. It resolves "." and "..", which 9P does not know.
// The parent of the root is the root.
func elements(name string) []string {
	return strings.FieldsFunc(path.Clean("/"+name), func(r rune) bool { return r == '/' })
}
