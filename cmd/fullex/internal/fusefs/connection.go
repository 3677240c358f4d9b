package fusefs

import (
	"errors"
	"sync"
	"syscall"

	"github.com/hugelgupf/p9/p9"

	"fullex/cmd/fullex/internal/ninep"
)

// connection is a connection to the server and the attaches made on it, one a
// user. Safe for concurrent use.
type connection struct {
	client *ninep.Client

	mu    sync.Mutex // guards roots, and is not held during an attach
	roots map[uint32]*root
}

// root is the server's root as a user has it, once the attach is done.
type root struct {
	attach sync.Once
	file   p9.File
	errno  syscall.Errno
}

func newConnection(client *ninep.Client) *connection {
	return &connection{client: client, roots: make(map[uint32]*root)}
}

// root returns the server's root as a user has it. EPERM if the server does not
// let the mount act for him.
func (c *connection) root(uid uint32) (p9.File, syscall.Errno) {
	r := c.rootOf(uid)
	r.attach.Do(func() {
		file, err := c.client.Attach(uid)
		r.file, r.errno = file, errnoOf(err)
		if r.errno != 0 {
			c.forget(uid) // the next one asks again
		}
	})
	return r.file, r.errno
}

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
	_, errno := c.root(uid)
	return errno == 0
}

// errnoOf returns what a program is told: the server's errno, or EIO for a
// connection that has ended.
func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	var errno syscall.Errno
	if errors.As(ninep.Local(err), &errno) {
		return errno
	}
	return syscall.EIO
}
