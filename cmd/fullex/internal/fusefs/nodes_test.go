package fusefs

import (
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/stretchr/testify/assert"

	"fullex/p9srv/tree"
)

func TestNodesLeadToTheirFiles(t *testing.T) {
	var n nodes
	const device, text = 5<<56 | 1<<32, 7 << 56 // values of qid.path
	for name, path := range map[string]uint64{"full_ex": device, "kmsg": text} {
		id := n.learn(path, name)
		at, errno := n.at(id)
		assert.Zero(t, errno, name)
		assert.Equal(t, []string{name}, at.Names())
		assert.Equal(t, path, at.Path())
		assert.Equal(t, name == "full_ex", n.learn(path, name) == id, "each look-up of a text has a new number")
	}
	root, errno := n.at(fuse.FUSE_ROOT_ID)
	assert.Zero(t, errno)
	assert.Equal(t, tree.RootPath, root.Path())
	_, errno = n.at(device | 1<<33)
	assert.Equal(t, syscall.ESTALE, errno, "this file was never looked up")
}

// TestNodeOfAnEarlierConnectionIsStale plays two servers that number their modules
// differently.
func TestNodeOfAnEarlierConnectionIsStale(t *testing.T) {
	var n nodes
	const path = 5<<56 | 1<<32
	before := n.learn(path, "full_ex")
	n.reconnected()
	after := n.learn(path, "minimal_proc_lkm")
	_, errno := n.at(before)
	assert.Equal(t, syscall.ESTALE, errno)
	at, errno := n.at(after)
	assert.Zero(t, errno)
	assert.Equal(t, []string{"minimal_proc_lkm"}, at.Names())
}
