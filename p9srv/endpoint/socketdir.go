package endpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint/ownpath"
)

// maxUnixPath is the longest path that fits into sun_path of Linux's struct sockaddr_un, in
// bytes without the final NUL (unix(7)).
const maxUnixPath = 107

// socketDir is the open directory of a unix socket. Its methods work in this directory, even
// if its path leads to another one by now.
type socketDir struct {
	file *os.File
	path string // path from the user: empty, or with a slash at its end

	// byPath means that no other user can make the path lead elsewhere. Then bind(2) and
	// connect(2) may take the path, which ss(8) shows.
	byPath bool
}

// openSocketDir opens the directory of a path. It also returns the last name of the path.
func openSocketDir(path string) (d *socketDir, name string, err error) {
	dir, name := filepath.Split(path)
	if name == "" || name == "." || name == ".." {
		return nil, "", errors.New("it is a directory, want the path of a socket")
	}
	d = &socketDir{path: dir}
	d.file, d.byPath, err = ownpath.Open(dir + ".")
	return d, name, err
}

func (d *socketDir) fd() int { return int(d.file.Fd()) }

// address returns a path for bind(2) and connect(2): the user's path, or a short one through
// the directory's descriptor if the user's is too long or not safe.
func (d *socketDir) address(name string) (string, error) {
	if path := notAbstract(d.path + name); d.byPath && len(path) <= maxUnixPath {
		return path, nil
	}
	const descriptors = "/proc/self/fd"
	path := fmt.Sprintf("%s/%d/%s", descriptors, d.fd(), name)
	if len(path) > maxUnixPath {
		return "", fmt.Errorf("the socket's name has %d bytes, which is too long", len(name))
	}
	if _, err := os.Stat(descriptors); err == nil {
		return path, nil
	}
	if d.byPath {
		return "", fmt.Errorf("the path has %d bytes, a socket's may have %d where there is no /proc", len(d.path+name), maxUnixPath)
	}
	return "", errors.New("other users can change where the path leads; without /proc this cannot be made safe")
}

// notAbstract returns a path that cannot be mistaken for the name of an abstract socket.
func notAbstract(path string) string {
	if strings.HasPrefix(path, "@") {
		return "./" + path
	}
	return path
}

// fileID identifies a file.
type fileID struct{ dev, ino uint64 }

// socket returns the id of a socket in the directory. The error is an errno, or errNoSocket
// if the file is something else.
func (d *socketDir) socket(name string) (fileID, error) {
	var stat unix.Stat_t
	if err := unix.Fstatat(d.fd(), name, &stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fileID{}, err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return fileID{}, errNoSocket
	}
	return fileID{uint64(stat.Dev), stat.Ino}, nil
}

var errNoSocket = errors.New("the file exists and is not a socket")

func (d *socketDir) remove(name string) error { return unix.Unlinkat(d.fd(), name, 0) }

func (d *socketDir) close() error { return d.file.Close() }
