package fusefs

import (
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"fullex/p9srv/tree"
)

// nodes are the node IDs, the numbers by which the kernel names the server's files. A node
// ID is the file's qid.path, which says where in the tree the file is. So no state belongs
// to a node, and FUSE_FORGET has nothing to do. The root's node ID is 1.
//
// The bits that a qid.path leaves 0 have two uses:
//
//   - A text file gets a new number there with each look-up. The kernel keeps pages by node
//     ID (sendfile uses them), and readers of different texts must not share pages.
//   - A device file has the connection's number there. After a reconnect the server may use
//     the same qid.path for another module's file.
//
// Safe for concurrent use.
type nodes struct {
	lookups atomic.Uint64 // of text files

	mu          sync.RWMutex      // guards the fields below
	connections uint8             // earlier ones, modulo 256
	names       map[uint16]string // of device files of this connection, by device number
}

// reconnected forgets the names of device files: another server may number them differently.
func (n *nodes) reconnected() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.connections++
	n.names = nil
}

// maxLookups is the last look-up number before 0. A text's qid.path leaves 56 bits free.
const maxLookups = 1<<48 - 1

// learn returns the node ID of a file that was looked up under a name.
func (n *nodes) learn(path uint64, name string) uint64 {
	if number, ok := tree.DeviceNumber(path); ok {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.names == nil {
			n.names = make(map[uint16]string)
		}
		n.names[number] = name
		return path | uint64(n.connections)<<tree.FreeBit
	}
	if at, ok := tree.At(path, nil); ok && at.IsText() {
		return path | n.lookups.Add(1)&maxLookups
	}
	return path
}

// at returns the server's node for a node ID, or ESTALE if there is none.
func (n *nodes) at(id uint64) (tree.Node, syscall.Errno) {
	if id == fuse.FUSE_ROOT_ID {
		id = tree.RootPath
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	at, ok := tree.At(id, func(number uint16) string { return n.names[number] })
	if !ok || at.IsDevice() && uint8(id>>tree.FreeBit) != n.connections {
		return tree.Node{}, syscall.ESTALE
	}
	return at, 0
}
