package p9srv

import (
	"math"
	"slices"

	"fullex/p9srv/wire"
)

// What the reference knows of the Linux client: the rule of followup.go as it
// was measured, without regard to speed or memory.

// refInode is a file as a mount believes it to be.
type refInode struct {
	end  uint64
	open int
}

// refPending is a read that the client will ask for, to be answered with
// nothing.
type refPending struct {
	offset uint64
	lo, hi uint32
}

// inode returns that of a path, a new one if there is none.
func (c *refConn) inode(path string) *refInode {
	if c.inodes[path] == nil {
		c.inodes[path] = &refInode{}
	}
	return c.inodes[path]
}

// getattr finds the client out, and tells it the size of a file that nobody
// has open.
func (c *refConn) getattr(f *refFID, body wire.Cursor) {
	if body.U64() == v9fsMask {
		c.v9fs = true
	}
	if i := c.inodes[f.path]; i != nil && i.open == 0 {
		delete(c.inodes, f.path)
	}
}

// reach moves the end that the client believes in.
func (i *refInode) reach(offset, n uint64) {
	end := offset + n
	if end < offset {
		end = math.MaxUint64
	}
	i.end = max(i.end, end)
}

// isFollowUp takes a pending read off the list.
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

// wouldLose says whether the client would throw a value away.
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

// willAsk notes the follow-up of a read that was answered with a value.
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
