package p9srv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// unixListener is a unix socket that removes its file when it is closed, but
// only if it still is its own.
type unixListener struct {
	*net.UnixListener
	path string
	file fs.FileInfo

	remove sync.Once
}

// listenUnix makes the socket with its mode from the start, so that nobody
// gets in between. The directory is locked meanwhile, so that of two servers
// that start at the same time one finds the other.
func listenUnix(ctx context.Context, path string, mode fs.FileMode) (net.Listener, error) {
	unlock, err := lockDir(ctx, filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	return bindUnix(ctx, path, mode)
}

func bindUnix(ctx context.Context, path string, mode fs.FileMode) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return restrict(c, mode)
	}}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, reason(err)
	}
	u := &unixListener{UnixListener: l.(*net.UnixListener), path: path}
	u.SetUnlinkOnClose(false)
	if err := u.adopt(mode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return u, nil
}

// restrict sets the mode that the socket's file will be made with, less the
// umask (unix_bind_bsd in Linux's net/unix/af_unix.c).
func restrict(c syscall.RawConn, mode fs.FileMode) error {
	var err error
	controlErr := c.Control(func(fd uintptr) {
		err = syscall.Fchmod(int(fd), uint32(mode))
	})
	return errors.Join(controlErr, err)
}

// adopt opens the socket's file to those that the mode lets in and remembers
// which file it is.
func (l *unixListener) adopt(mode fs.FileMode) error {
	if err := os.Chmod(l.path, mode); err != nil {
		return fmt.Errorf("set the mode: %w", reason(err))
	}
	info, err := os.Lstat(l.path)
	if err != nil {
		return fmt.Errorf("look at the socket: %w", reason(err))
	}
	l.file = info
	return nil
}

// Close closes the socket and removes its file, if nobody replaced it.
func (l *unixListener) Close() error {
	var err error
	l.remove.Do(func() {
		if now, statErr := os.Lstat(l.path); statErr == nil && os.SameFile(now, l.file) {
			err = os.Remove(l.path)
		}
	})
	return errors.Join(err, l.UnixListener.Close())
}

// removeStale makes room for a socket: it removes one on which nobody answers,
// and refuses to touch anything else.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return reason(err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("the file exists and is no socket")
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err == nil {
		return errors.Join(errors.New("a server answers there already"), c.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("see whether a server answers there: %w", reason(err))
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the socket that was left behind: %w", reason(err))
	}
	return nil
}

// A lock that another process holds is tried for every lockTry, and for lockTime
// at most: a server holds it for as long as it takes to bind a socket.
const (
	lockTry  = 10 * time.Millisecond
	lockTime = 3 * time.Second
)

// lockDir locks a directory against other servers that start in it. One that
// may not be read cannot be locked, which is no reason not to serve there.
func lockDir(ctx context.Context, dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return func() {}, nil
	}
	if err != nil {
		return nil, reason(err)
	}
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	for {
		err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock the directory: %w", err), d.Close())
		}
		if !wait(ctx, lockTry) {
			return nil, errors.Join(fmt.Errorf("lock the directory, which another process has locked: %w", ctx.Err()), d.Close())
		}
	}
	return func() { _ = d.Close() }, nil // unlocks; nothing was written that could be lost
}

// reason strips what net and os put before an error, where the caller names
// the operation and the address itself.
func reason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err
}
