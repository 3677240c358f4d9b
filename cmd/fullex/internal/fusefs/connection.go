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

// connection is a connection to the server and the attaches made on it, one a
// user. Safe for concurrent use.
type connection struct {
	client *client.Conn

	mu    sync.Mutex // guards roots, and is not held during an attach
	roots map[uint32]*root
}

// root is the server's root as a user has it, once the attach is done.
type root struct {
	attach sync.Once
	file   *client.File
	errno  syscall.Errno
}

func newConnection(k *client.Conn) *connection {
	return &connection{client: k, roots: make(map[uint32]*root)}
}

// root returns the server's root as a user has it. EPERM if the server does not
// let the mount act for him.
func (c *connection) root(ctx context.Context, uid uint32) (*client.File, syscall.Errno) {
	r := c.rootOf(uid)
	r.attach.Do(func() {
		file, err := c.attach(ctx, uid)
		r.file, r.errno = file, errnoOf(err)
		if r.errno != 0 {
			c.forget(uid) // the next one asks again
		}
	})
	return r.file, r.errno
}

// attach attaches a user. The mount's own may have another number for the server.
func (c *connection) attach(ctx context.Context, uid uint32) (*client.File, error) {
	file, err := c.client.Attach(ctx, uid, "")
	if errors.Is(err, syscall.EPERM) && uid == uint32(os.Geteuid()) {
		return c.client.Attach(ctx, wire.NoUID, "")
	}
	return file, err
}

// background is the context of calls: waiting answers for a server that hangs.
var background = context.Background()

func (c *connection) rootOf(uid uint32) *root {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.roots[uid]
	if r == nil {
		r = &root{}
		c.roots[uid] = r
	}
	return r
}

func (c *connection) forget(uid uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.roots, uid)
}

// serves says whether the server lets this mount act for a user.
func (c *connection) serves(uid uint32) bool {
	_, errno := c.root(background, uid)
	return errno == 0
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
