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

// maxRoots is how many users have an attach at the same time, beside those who are
// just using theirs: fids are limited, and users are not.
const maxRoots = 256

// connection is a connection to the server and the attaches made on it, one a
// user. Safe for concurrent use.
type connection struct {
	client *client.Conn

	mu    sync.Mutex // guards roots and root.users, and is not held during an attach
	roots map[uint32]*root
}

// root is the server's root as a user has it.
type root struct {
	uid      uint32
	users    int           // calls that use it: it must not be clunked
	attached chan struct{} // closed when the fields below are set
	file     *client.File
	errno    syscall.Errno
	gaveUp   bool // the call that attached was interrupted: others ask for themselves
}

func newConnection(k *client.Conn) *connection {
	return &connection{client: k, roots: make(map[uint32]*root)}
}

// walk makes a fid of a path as a user has it. EPERM if the server does not let the
// mount act for him.
func (c *connection) walk(ctx context.Context, uid uint32, path []string) (*client.File, syscall.Errno) {
	r, errno := c.enter(ctx, uid)
	if errno != 0 {
		return nil, errno
	}
	defer c.leave(r)
	file, err := r.file.Walk(ctx, path...)
	return file, errnoOf(err)
}

// open walks to a path and opens it.
func (c *connection) open(ctx context.Context, uid uint32, path []string, flags uint32) (*client.File, syscall.Errno) {
	r, errno := c.enter(ctx, uid)
	if errno != 0 {
		return nil, errno
	}
	defer c.leave(r)
	file, err := r.file.OpenFile(ctx, flags&syscall.O_ACCMODE, path...)
	return file, errnoOf(err)
}

// attach reports whether the server lets this mount act for a user.
func (c *connection) attach(ctx context.Context, uid uint32) syscall.Errno {
	r, errno := c.enter(ctx, uid)
	if errno == 0 {
		c.leave(r)
	}
	return errno
}

// enter returns a user's root, to be given back by leave.
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

// rootOf returns a user's root, for which it attaches if nobody has. ctx is for that.
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

// attachAs attaches a user. The mount's own may have another number for the server.
func (c *connection) attachAs(ctx context.Context, uid uint32) (*client.File, error) {
	file, err := c.client.Attach(ctx, uid, "")
	if errors.Is(err, syscall.EPERM) && uid == uint32(os.Geteuid()) {
		return c.client.Attach(ctx, wire.NoUID, "")
	}
	return file, err
}

// take returns a user's root, whether it is new, and another that makes room for it, if
// any.
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

// dropIdleLocked takes some root out that nobody uses, if there are too many.
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

// leave gives a root back. One that the server refused is forgotten: the next call
// asks again.
func (c *connection) leave(r *root) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.users--
	if r.isRefused() && c.roots[r.uid] == r {
		delete(c.roots, r.uid)
	}
}

// isRefused reports whether there was an attach that failed.
func (r *root) isRefused() bool {
	select {
	case <-r.attached:
		return r.errno != 0
	default:
		return false
	}
}
