package fusefs

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"

	"fullex/p9srv/client"
	"fullex/p9srv/wire"
)

// maxRoots is how many users' attaches are kept. There are more only while calls use them.
// The server limits fids, and nothing limits the number of users.
const maxRoots = 256

// connection is a connection to the server, and the attaches on it: one for each user. Safe
// for concurrent use.
type connection struct {
	client *client.Conn

	mu    sync.Mutex // guards roots and root.users; not held during an attach
	roots map[uint32]*root
}

// root is a user's attach: the server's root directory with the user's rights.
type root struct {
	uid      uint32
	users    int           // number of calls that use it; it is clunked only at 0
	attached chan struct{} // closed when the fields below are set
	file     *client.File
	errno    syscall.Errno
	gaveUp   bool // the call that attached was interrupted: other calls attach again
}

func newConnection(k *client.Conn) *connection {
	return &connection{client: k, roots: make(map[uint32]*root)}
}

// walk returns a new fid for a path, with a user's rights. The error is EPERM if the server
// does not let the mount act for the user.
func (c *connection) walk(ctx context.Context, uid uint32, path []string) (*client.File, syscall.Errno) {
	r, errno := c.enter(ctx, uid)
	if errno != 0 {
		return nil, errno
	}
	defer c.leave(r)
	file, err := r.file.Walk(ctx, path...)
	return file, errnoOf(err)
}

// open opens the file at a path, with a user's rights.
func (c *connection) open(ctx context.Context, uid uint32, path []string, flags uint32) (*client.File, syscall.Errno) {
	r, errno := c.enter(ctx, uid)
	if errno != 0 {
		return nil, errno
	}
	defer c.leave(r)
	file, err := r.file.OpenFile(ctx, flags&syscall.O_ACCMODE, path...)
	return file, errnoOf(err)
}

// attach returns 0 if the server lets this mount act for a user, and an errno otherwise.
func (c *connection) attach(ctx context.Context, uid uint32) syscall.Errno {
	r, errno := c.enter(ctx, uid)
	if errno == 0 {
		c.leave(r)
	}
	return errno
}

// enter returns a user's root. The caller gives it back with leave.
func (c *connection) enter(ctx context.Context, uid uint32) (*root, syscall.Errno) {
	for {
		r := c.rootOf(ctx, uid)
		select {
		case <-r.attached:
		case <-ctx.Done():
			c.leave(r)
			return nil, errnoOf(ctx.Err())
		}
		if r.errno == 0 {
			return r, 0
		}
		c.leave(r)
		if !r.gaveUp || ctx.Err() != nil {
			return nil, r.errno
		}
	}
}

// rootOf returns a user's root. If there is none, it attaches; ctx is for this call.
func (c *connection) rootOf(ctx context.Context, uid uint32) *root {
	r, isNew, idle := c.take(uid)
	if idle != nil {
		<-idle.attached
		_ = idle.file.Close(past) // frees the fid
	}
	if isNew {
		file, err := c.attachAs(ctx, uid)
		r.file, r.errno, r.gaveUp = file, errnoOf(err), ctx.Err() != nil
		close(r.attached)
	}
	return r
}

// attachAs attaches for a user. The server may know the mount's own user by another number.
// For this user a refused attach is tried again without a number.
func (c *connection) attachAs(ctx context.Context, uid uint32) (*client.File, error) {
	file, err := c.client.Attach(ctx, uid, "")
	if errors.Is(err, syscall.EPERM) && uid == uint32(os.Geteuid()) {
		return c.client.Attach(ctx, wire.NoUID, "")
	}
	return file, err
}

// take returns a user's root and whether it is new. If there are too many roots, it removes
// an idle one, which the caller must close.
func (c *connection) take(uid uint32) (r *root, isNew bool, idle *root) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r = c.roots[uid]
	if isNew = r == nil; isNew {
		idle = c.dropIdleLocked()
		r = &root{uid: uid, attached: make(chan struct{})}
		c.roots[uid] = r
	}
	r.users++
	return r, isNew, idle
}

// dropIdleLocked removes and returns a root that no call uses, if there are too many.
func (c *connection) dropIdleLocked() *root {
	if len(c.roots) < maxRoots {
		return nil
	}
	for uid, r := range c.roots {
		if r.users == 0 {
			delete(c.roots, uid)
			return r
		}
	}
	return nil
}

// leave gives a root back. It forgets a root that the server refused: the next call attaches
// again.
func (c *connection) leave(r *root) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.users--
	if r.isRefused() && c.roots[r.uid] == r {
		delete(c.roots, r.uid)
	}
}

// isRefused reports whether the attach has failed.
func (r *root) isRefused() bool {
	select {
	case <-r.attached:
		return r.errno != 0
	default:
		return false
	}
}
