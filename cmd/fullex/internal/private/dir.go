package private

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"fullex/p9srv/endpoint/ownpath"
)

// Dir is a directory that only this user may enter. It is emptied through its descriptor,
// whatever others do to its path. Not safe for concurrent use.
type Dir struct {
	path, name string
	base       *os.Root // the directory around it
	inside     *os.Root // the directory
	self       *os.File // the directory
	alive      *os.File // the file aliveName, which this process has locked; or nil
}

const (
	// prefix begins the names of all private directories.
	prefix = "fullex-run-"
	// aliveName is a file in the directory. Each process that uses the directory keeps the
	// file locked while it lives (flock(2)). Locks are valid across containers, and process
	// numbers are not.
	aliveName = "alive"
	// mountName is the directory to mount at.
	mountName = "mount"
	// socketName is the socket.
	socketName = "socket"
	// ownersOnly is the umask for these files. The umask of the user's shell is meant for
	// the user's own files.
	ownersOnly = 0o077
)

// MakeDir makes a directory in the first suitable base: XDG_RUNTIME_DIR if it belongs to
// this user, TMPDIR, /tmp, and for root /run. The error says why each base is unsuitable.
func MakeDir() (d *Dir, err error) {
	var all error
	for _, base := range bases() {
		ownpath.WithUmask(ownersOnly, func() { d, err = makeIn(base) })
		switch {
		case err == nil:
			return d, nil
		case all == nil:
			all = err
		default:
			all = fmt.Errorf("%w; %w", all, err)
		}
	}
	return nil, fmt.Errorf("make a private directory: %w", all)
}

func makeIn(path string) (*Dir, error) {
	if err := checkBase(path); err != nil {
		return nil, err
	}
	base, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	name := prefix + strconv.FormatUint(uint64(rand.Uint32()), 10)
	if err := base.Mkdir(name, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("in %s: %w", path, err), base.Close())
	}
	d, err := openIn(base, path, name)
	if err != nil {
		return nil, err
	}
	if err := d.markAlive(); err != nil {
		return nil, errors.Join(err, d.Remove())
	}
	return d, nil
}

// openDir opens a directory that another process has made and will remove.
func openDir(path string) (*Dir, error) {
	base, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	d, err := openIn(base, filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return nil, err
	}
	if err := d.keepAlive(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// openIn opens a directory in base, and keeps or closes base. It refuses a symbolic link
// and a directory of another user: in a base for temporary files they may be traps.
func openIn(base *os.Root, path, name string) (*Dir, error) {
	d := &Dir{path: filepath.Join(path, name), name: name, base: base}
	var err error
	if d.inside, err = base.OpenRoot(name); err != nil {
		return nil, errors.Join(err, base.Close())
	}
	if d.self, err = d.inside.Open("."); err != nil {
		return nil, errors.Join(err, d.inside.Close(), base.Close())
	}
	named, err := base.Lstat(name)
	opened, statErr := d.self.Stat()
	if err = errors.Join(err, statErr); err == nil && (!os.SameFile(named, opened) || !isOwn(opened)) {
		err = fmt.Errorf("%s is not a directory of this user", d.path)
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.IsDir() && int(stat.Uid) == os.Geteuid()
}

// maxSocketPath is the longest path of a socket, in bytes (unix(7)).
const maxSocketPath = 107

// Socket returns the path for a socket that no other user can reach. If the directory's
// path is too long for a socket, the result goes through a descriptor of this process. That
// one is valid until Remove.
func (d *Dir) Socket() string {
	if path := filepath.Join(d.path, socketName); len(path) <= maxSocketPath {
		return path
	}
	return fmt.Sprintf("/proc/%d/fd/%d/%s", os.Getpid(), d.self.Fd(), socketName)
}

// MountPoint makes the directory to mount at and returns its path.
func (d *Dir) MountPoint() (path string, err error) {
	ownpath.WithUmask(ownersOnly, func() { err = d.inside.Mkdir(mountName, 0o700) })
	if err != nil {
		return "", fmt.Errorf("make the directory to mount at: %w", err)
	}
	return filepath.Join(d.path, mountName), nil
}

// Remove detaches what is mounted in the directory, removes the directory with all in it,
// and closes the Dir. It is not an error if the directory does not exist any more.
func (d *Dir) Remove() error {
	err := d.detach()
	if err == nil {
		err = d.empty()
	}
	if err == nil {
		err = ignoreNotExist(d.base.Remove(d.name)) // fails for another directory of that name, unless it is empty
	}
	if err != nil {
		err = fmt.Errorf("remove the private directory: %w", err)
	}
	return errors.Join(err, d.close())
}

// empty removes all files in the directory.
func (d *Dir) empty() error {
	entries, err := fs.ReadDir(d.inside.FS(), ".")
	for _, e := range entries {
		err = errors.Join(err, d.inside.RemoveAll(e.Name()))
	}
	return ignoreNotExist(err)
}

func ignoreNotExist(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// close closes the Dir's descriptors.
func (d *Dir) close() error {
	err := errors.Join(d.self.Close(), d.inside.Close(), d.base.Close())
	if d.alive != nil {
		err = errors.Join(err, d.alive.Close())
	}
	return err
}

// mostMounts is how often detach unmounts: a new mount may appear before the removal.
const mostMounts = 8

// detach removes the directory to mount at, and unmounts there first if necessary. A
// process that outlives this program may still be mounting. It cannot mount at a directory
// that is removed.
func (d *Dir) detach() error {
	var err error
	for range mostMounts {
		if err = ignoreNotExist(d.inside.Remove(mountName)); err == nil {
			return nil
		}
		if unmountErr := d.unmount(); unmountErr != nil {
			err = errors.Join(err, unmountErr)
		}
	}
	return err
}
