package p9srv

import (
	"math"
	"slices"

	"fullex/p9srv/wire"
)

// This file models the Linux client by the rules that followup.go explains. It saves neither
// time nor memory.

// refInode is what a mount believes about an inode.
type refInode struct {
	end  uint64 // size, in bytes
	open int    // open files
}

// refPending is a follow-up that the client will send. Its reply has no bytes.
type refPending struct {
	offset uint64
	lo, hi uint32
}

// inode returns the inode of a path. It makes one if there is none.
func (c *refConn) inode(path string) *refInode {
	if c.inodes[path] == nil {
		c.inodes[path] = &refInode{}
	}
	return c.inodes[path]
}

// getattr recognises the Linux client. The client forgets the size of an inode that has no
// open file.
func (c *refConn) getattr(f *refFID, body wire.Cursor) {
	if body.U64() == v9fsMask {
		c.v9fs = true
	}
	if i := c.inodes[f.path]; i != nil && i.open == 0 {
		delete(c.inodes, f.path)
	}
}

// reach notes that n bytes were written at an offset.
func (i *refInode) reach(offset, n uint64) {
	end := offset + n
	if end < offset {
		end = math.MaxUint64
	}
	i.end = max(i.end, end)
}

// isFollowUp reports whether a read is a pending follow-up, and removes it from the list.
func (f *refFID) isFollowUp(offset uint64, count uint32) bool {
	i := slices.IndexFunc(f.pending, func(p refPending) bool {
		return p.offset == offset && p.lo <= count && count <= p.hi
	})
	if i < 0 {
		return false
	}
	f.pending = slices.Delete(f.pending, i, i+1)
	return true
}

// wouldLose reports whether the client would drop the value that a read returns.
func (f *refFID) wouldLose(offset uint64, count uint32) bool {
	if count <= 4 || f.inode == nil || f.flags&0o100000 != 0 {
		return false
	}
	end := f.inode.end
	if f.inode.open > 1 && end < 1<<63 {
		end += 65536
	}
	return offset+4 < end
}

// willAsk notes the follow-up of a read whose reply has a value.
func (c *refConn) willAsk(f *refFID, offset uint64, count uint32) {
	once := f.flags&0o100000 != 0 && f.flags&0o4000 != 0
	if count <= 4 || !c.v9fs || once {
		return
	}
	largest := c.msize - 24
	count = min(count, largest)
	p := refPending{offset + 4, count - 4, count - 4}
	if count == largest {
		p.hi = count
	}
	f.pending = append(f.pending, p)
	if len(f.pending) > 16 {
		f.pending = f.pending[1:]
	}
}
