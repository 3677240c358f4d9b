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

// root is the server's root as a user has it, once the attach is done.
type root struct {
	uid    uint32
	users  int // calls that use it: it must not be clunked
	attach sync.Once
	file   *client.File
	errno  syscall.Errno
}

func newConnection(k *client.Conn) *connection {
	return &connection{client: k, roots: make(map[uint32]*root)}
}

// background is the context of calls: waiting answers for a server that hangs.
var background = context.Background()

// walk makes a fid of a path as a user has it. EPERM if the server does not let the
// mount act for him.
func (c *connection) walk(uid uint32, path []string) (*client.File, syscall.Errno) {
	r := c.enter(background, uid)
	defer c.leave(r)
	if r.errno != 0 {
		return nil, r.errno
	}
	file, err := r.file.Walk(background, path...)
	return file, errnoOf(err)
}

// open walks to a path and opens it.
func (c *connection) open(uid uint32, path []string, flags uint32) (*client.File, syscall.Errno) {
	r := c.enter(background, uid)
	defer c.leave(r)
	if r.errno != 0 {
		return nil, r.errno
	}
	file, err := r.file.OpenFile(background, flags&syscall.O_ACCMODE, path...)
	return file, errnoOf(err)
}

// attach reports whether the server lets this mount act for a user.
func (c *connection) attach(ctx context.Context, uid uint32) syscall.Errno {
	r := c.enter(ctx, uid)
	defer c.leave(r)
	return r.errno
}

// enter returns a user's root, to be given back by leave. ctx is for an attach.
func (c *connection) enter(ctx context.Context, uid uint32) *root {
	r, idle := c.rootOf(uid)
	if idle != nil {
		_ = idle.file.Close(background) // frees the fid, whatever it says
	}
	r.attach.Do(func() {
		file, err := c.attachAs(ctx, uid)
		r.file, r.errno = file, errnoOf(err)
	})
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

// rootOf returns a user's root, and another that makes room for it, if any.
func (c *connection) rootOf(uid uint32) (r, idle *root) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r = c.roots[uid]
	if r == nil {
		idle = c.dropIdleLocked()
		r = &root{uid: uid}
		c.roots[uid] = r
	}
	r.users++
	return r, idle
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
	if r.errno != 0 && c.roots[r.uid] == r {
		delete(c.roots, r.uid)
	}
}

// errnoOf returns what a program is told: the server's errno, or EIO for a
// connection that has ended.
func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return syscall.EIO
}
