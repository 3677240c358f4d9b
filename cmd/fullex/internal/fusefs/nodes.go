package fusefs

import (
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"fullex/p9srv/tree"
)

// nodes are the numbers by which the kernel knows the server's files, its node IDs. One is
// the file's qid.path, which says where the file lies: nothing is kept for a node, and
// FUSE_FORGET has nothing to do. The root is 1 for the kernel.
//
// A text file has another number after each look-up, in the bits that its qid.path leaves
// 0: the kernel keeps pages by the number (sendfile reads by way of them), and two readers
// who see different texts must not share any. A device file has the number of the
// connection there, as another server may call another module's file so. Safe for
// concurrent use.
type nodes struct {
	lookups atomic.Uint64 // of text files

	mu          sync.RWMutex      // guards the fields below
	connections uint8             // before this one, modulo 256
	names       map[uint16]string // of device files of this connection, by number
}

// reconnected forgets what another server may call otherwise.
func (n *nodes) reconnected() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.connections++
	n.names = nil
}

// maxLookups is where the count of look-ups begins anew: qid.path leaves 56 bits.
const maxLookups = 1<<48 - 1

// learn returns the node ID of a file that was found under a name.
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

// at returns the server's node. ESTALE if there cannot be one.
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
