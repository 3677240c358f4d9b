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

// maxUnixPath is what sun_path of Linux's struct sockaddr_un holds beside the
// closing NUL (unix(7)).
const maxUnixPath = 107

// socketDir is the directory of a unix socket, by descriptor. What is made and
// removed in it is in this very directory, wherever its path leads by then.
type socketDir struct {
	file *os.File
	path string // as it was given: empty, or with a slash at its end

	// byPath says that bind(2) and connect(2) may take the path, which others see
	// with ss(8): no other user can make it lead elsewhere.
	byPath bool
}

// openSocketDir opens the directory of a path and returns its last name, too.
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

// address is a path for bind(2) and connect(2): that of the user, or a short one
// through the descriptor if that is too long or not safe.
func (d *socketDir) address(name string) (string, error) {
	if path := plainAddress(d.path + name); d.byPath && len(path) <= maxUnixPath {
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
	return "", errors.New("other users can change where the path leads, and there is no /proc to be safe from that")
}

// plainAddress keeps a path from being taken for an abstract socket's name.
func plainAddress(path string) string {
	if strings.HasPrefix(path, "@") {
		return "./" + path
	}
	return path
}

// fileID tells files apart.
type fileID struct{ dev, ino uint64 }

// socket returns which file of the directory is a socket. The error is an errno, or
// errNoSocket.
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

var errNoSocket = errors.New("the file exists and is no socket")

func (d *socketDir) remove(name string) error { return unix.Unlinkat(d.fd(), name, 0) }

func (d *socketDir) close() error { return d.file.Close() }
