package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint/ownpath"
	"fullex/p9srv/endpoint/rights"
)

// unixListener is a unix listener. Close removes the file of its socket, unless another
// program has replaced that file.
type unixListener struct {
	rights.Listener
	dir        *socketDir
	path, name string // path of the socket, and the last name in it
	file       fileID // the file of the socket

	close    sync.Once
	closeErr error // result of removing the file
}

// listenUnix makes a socket and listens at it. It replaces a socket that an earlier server
// left, but never a socket at which a server answers. takesRights means that peers may
// send descriptors.
func listenUnix(ctx context.Context, path string, mode fs.FileMode, takesRights bool) (net.Listener, error) {
	dir, name, err := openSocketDir(path)
	if err != nil {
		return nil, err
	}
	l := &unixListener{dir: dir, path: path, name: name}
	if err := l.listen(ctx, mode, takesRights); err != nil {
		return nil, errors.Join(err, dir.close())
	}
	return l, nil
}

func (l *unixListener) listen(ctx context.Context, mode fs.FileMode, takesRights bool) error {
	unlock, err := l.dir.lock(ctx, "."+l.name+".fullex-lock")
	if err != nil {
		return err
	}
	defer unlock()
	if err := l.dir.removeStale(ctx, l.name); err != nil {
		return err
	}
	address, err := l.dir.address(l.name)
	if err != nil {
		return err
	}
	config, guard := net.ListenConfig{Control: rights.Control}, rights.NewListener
	if takesRights {
		config, guard = net.ListenConfig{}, rights.Taking
	}
	var made net.Listener
	// Only the umask determines the mode of a socket (bind(2)).
	ownpath.WithUmask(^mode, func() { made, err = config.Listen(ctx, "unix", address) })
	if err != nil {
		return reason(err)
	}
	l.Listener = guard(made.(*net.UnixListener))
	l.SetUnlinkOnClose(false)
	if l.file, err = l.dir.socket(l.name); err != nil {
		return errors.Join(fmt.Errorf("look at the socket: %w", err), l.Listener.Close())
	}
	return nil
}

// Addr implements net.Listener. It returns the path that the caller asked for; bind(2) may
// have been called with a shorter one.
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close closes the socket. It removes the socket's file unless another file replaced it.
func (l *unixListener) Close() error {
	l.close.Do(func() {
		if now, err := l.dir.socket(l.name); err == nil && now == l.file {
			l.closeErr = l.dir.remove(l.name)
		}
		l.closeErr = errors.Join(l.closeErr, l.dir.close())
	})
	return errors.Join(l.closeErr, l.Listener.Close())
}

// removeStale removes a socket on which nobody answers. It returns nil also if no file has
// that name. It touches nothing else and returns an error for it.
func (d *socketDir) removeStale(ctx context.Context, name string) error {
	_, err := d.socket(name)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err == nil {
		err = d.seeStale(ctx, name)
	}
	if err != nil {
		return err
	}
	// If the lock could not be taken, another server may have replaced the socket by now.
	// So rename it first, and check it again before it is removed.
	aside := fmt.Sprintf(".fullex-%08x", rand.Uint32())
	err = unix.Renameat(d.fd(), name, d.fd(), aside)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove the socket of an earlier server: %w", err)
	}
	if err := d.seeStale(ctx, aside); err != nil {
		return errors.Join(err, d.putBack(aside, name))
	}
	return d.remove(aside)
}

// putBack gives a socket its name again. It returns an error if another file has that name
// by now.
func (d *socketDir) putBack(aside, name string) error {
	if err := unix.Linkat(d.fd(), aside, d.fd(), name, 0); err != nil {
		return fmt.Errorf("put the socket back from %s: %w", aside, err)
	}
	return d.remove(aside)
}

// errAnswers says that a server answers at a socket. It is an EADDRINUSE.
var errAnswers = fmt.Errorf("a server answers there already: %w", syscall.EADDRINUSE)

// seeStale returns nil if no server listens at a socket any more, and errAnswers if one
// does.
func (d *socketDir) seeStale(ctx context.Context, name string) error {
	address, err := d.address(name)
	if err != nil {
		return err
	}
	dialer := net.Dialer{Control: rights.Control}
	c, err := dialer.DialContext(ctx, "unix", address)
	switch {
	case err == nil:
		return errors.Join(errAnswers, c.Close())
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil
	case errors.Is(err, syscall.EAGAIN): // its queue is full
		return errAnswers
	}
	return fmt.Errorf("see whether a server answers there: %w", reason(err))
}

// reason returns err without the operation and address that net and os add. It is for
// callers that name these themselves.
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
