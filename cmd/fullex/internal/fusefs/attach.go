package fusefs

import (
	"errors"
	"syscall"

	"github.com/hugelgupf/p9/p9"

	"fullex/cmd/fullex/internal/ninep"
)

// root returns the server's root as a user has it: there is one attach a user.
// EPERM if the server does not let the mount act for him.
func (m *Mount) root(uid uint32) (p9.File, syscall.Errno) {
	m.attaching.Lock()
	defer m.attaching.Unlock()
	m.mu.Lock()
	root := m.roots[uid]
	m.mu.Unlock()
	if root != nil {
		return root, 0
	}
	root, err := m.client.Attach(uid)
	if err != nil {
		return nil, errnoOf(err)
	}
	m.mu.Lock()
	m.roots[uid] = root
	m.mu.Unlock()
	return root, 0
}

// serves says whether the server lets this mount act for a user.
func (m *Mount) serves(uid uint32) bool {
	_, errno := m.root(uid)
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
