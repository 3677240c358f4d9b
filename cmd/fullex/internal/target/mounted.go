package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"fullex/cmd/fullex/internal/quote"
	"fullex/p9srv/client"
	"fullex/p9srv/endpoint"
)

// mounted is a target that is a path of this system.
type mounted struct {
	path   string
	device string
}

var _ Mounted = mounted{}

func openPath(path string) (Target, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; want an endpoint such as unix:PATH or tcp:HOST:PORT, or the path of a mount", path, cause(err))
	}
	if info.Mode().Type() == fs.ModeSocket {
		return nil, fmt.Errorf("%s is a socket, want %s", path, quote.Shell(endpoint.Unix(path).String()))
	}
	if info.IsDir() {
		return mounted{path, deviceName}, nil
	}
	return mounted{path: path}, nil
}

func (m mounted) at(path string) string {
	return filepath.Join(m.path, filepath.Join(elements(path)...))
}

// Open implements Target. It makes the system call itself: the errno of a deque must arrive
// unchanged, and os.File hides reads and writes of 0 bytes.
func (m mounted) Open(path string, flags int) (File, error) {
	fd, err := syscall.Open(m.at(path), flags|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", m.at(path), err)
	}
	return mountedFile(fd), nil
}

// mountedFile is a file descriptor.
type mountedFile int

var (
	_ Placed    = mountedFile(0)
	_ Described = mountedFile(0)
)

// Described is a File that is a file descriptor of this process.
type Described interface{ FD() int }

// Inherited returns the open file that this process inherited as descriptor fd.
func Inherited(fd int) File { return mountedFile(fd) }

// FD implements Described.
func (f mountedFile) FD() int { return int(f) }

func (f mountedFile) Read(p []byte) (int, error) { return uninterrupted(syscall.Read, int(f), p) }
func (f mountedFile) Close() error               { return syscall.Close(int(f)) }

func (f mountedFile) Write(p []byte) (int, error) { return f.written(syscall.Write, p) }

// ReadAt implements Placed.
func (f mountedFile) ReadAt(p []byte, offset int64) (int, error) {
	return uninterrupted(func(fd int, p []byte) (int, error) { return syscall.Pread(fd, p, offset) }, int(f), p)
}

// WriteAt implements Placed.
func (f mountedFile) WriteAt(p []byte, offset int64) (int, error) {
	return f.written(func(fd int, p []byte) (int, error) { return syscall.Pwrite(fd, p, offset) }, p)
}

// written makes a call that writes. On a 9p mount of Linux 6.12, a refused write returns 0,
// and the next call fails instead. There fsync(2) returns the errno of the write and clears
// it.
func (f mountedFile) written(call func(int, []byte) (int, error), p []byte) (int, error) {
	n, err := uninterrupted(call, int(f), p)
	if n == 0 && err == nil && len(p) > 0 {
		err = syscall.Fsync(int(f))
	}
	return n, err
}

// uninterrupted makes a call, and repeats it while it fails with EINTR. Such a call did
// nothing. uninterrupted returns 0 where the system returns -1.
func uninterrupted(call func(int, []byte) (int, error), fd int, p []byte) (int, error) {
	for {
		n, err := call(fd, p)
		if !errors.Is(err, syscall.EINTR) {
			return max(n, 0), err
		}
	}
}

// Stat implements Target.
func (m mounted) Stat(path string) (Entry, error) {
	info, err := os.Stat(m.at(path))
	if err != nil {
		return Entry{}, fmt.Errorf("stat %s: %w", m.at(path), cause(err))
	}
	e := Entry{Name: info.Name(), Mode: info.Mode(), Size: info.Size(), Modified: info.ModTime()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		e.Inode, e.Links, e.UID, e.GID = s.Ino, uint64(s.Nlink), s.Uid, s.Gid
	}
	return e, nil
}

// List implements Target.
func (m mounted) List(path string) ([]Entry, error) {
	found, err := os.ReadDir(m.at(path)) // sorted
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", m.at(path), cause(err))
	}
	entries := make([]Entry, len(found))
	for i, d := range found {
		entries[i] = Entry{Name: d.Name(), Mode: d.Type()}
	}
	return entries, nil
}

// Truncate implements Mounted.
func (m mounted) Truncate(path string) error { return os.Truncate(m.at(path), 0) }

// Touch implements Mounted.
func (m mounted) Touch(path string) error {
	now := time.Now()
	return os.Chtimes(m.at(path), now, now)
}

// Device implements Target.
func (m mounted) Device() string { return m.device }

// Close implements Opener. Open files stay open.
func (m mounted) Close() error { return nil }

// cause removes what os or the 9P client put before an errno. Its callers name the call and
// the path themselves.
func cause(err error) error {
	var path *fs.PathError
	var call *client.Error
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &call):
		return call.Err
	}
	return err
}
