package p9srv

import "math"

// extent is the size that a v9fs client may believe one inode to have. It is the largest end
// of the client's writes and the largest size that the client has set. If end is too high, the
// front refuses a read. If it were too low, the client would lose values.
type extent struct {
	end  uint64 // bytes
	open int    // open files of the inode on this connection
}

// reach notes that n bytes were written at an offset. A sum above the largest offset becomes
// the largest offset.
func (e *extent) reach(offset uint64, n int) {
	end := offset + uint64(n)
	if end < offset {
		end = math.MaxUint64
	}
	e.end = max(e.end, end)
}

// extents are the extents of a connection, by qid.path. A path is an inode of the client,
// which all users of the connection share.
//
// When the client gets new attributes for an inode without an open file, it forgets the size
// of the inode. While a file is open, an Rwrite and an Rgetattr may take effect in either
// order.
//
// Only the connection's goroutine uses extents.
type extents struct {
	byPath map[uint64]*extent
	idle   int // number of extents that have no open file

	// If there are too many idle extents, they are folded: removed all at once. folded is
	// the highest end of the removed extents. It stands for every inode about which
	// nothing better is known. folds counts these removals.
	folded uint64
	folds  uint32
}

// maxIdleExtents bounds the memory for inodes that a client has written and closed. The client
// may never ask about them again, for example about a million of /pid/N.
const maxIdleExtents = 1024

// opened attaches an opened file to the extent of its inode, if the client is v9fs. Other
// clients have no inodes. v9fs asks for attributes before it opens a file, so the front
// recognises it in time.
func (x *extents) opened(v9fs bool, f *fid) {
	if !v9fs {
		return
	}
	path := f.Node().Path()
	e := x.byPath[path]
	switch {
	case e == nil:
		e = &extent{end: x.unknown(f)}
		x.put(path, e)
	case e.open == 0:
		x.idle--
	}
	e.open++
	f.follow.extent = e
}

// unknown returns the end for an inode that has no extent. It is 0 if the client has asked
// for the attributes since the last fold.
func (x *extents) unknown(f *fid) uint64 {
	if f.statFolds == x.folds {
		return 0
	}
	return x.folded
}

// closed detaches a closed file from its extent. It removes an extent that ends at 0.
func (x *extents) closed(f *fid) {
	e := f.follow.extent
	f.follow = followup{}
	if e == nil {
		return
	}
	e.open--
	if e.open > 0 {
		return
	}
	if e.end == 0 {
		delete(x.byPath, f.Node().Path())
		return
	}
	x.idle++
	x.foldIfMany()
}

// reached notes that the client believes the inode of f to have at least end bytes.
func (x *extents) reached(v9fs bool, f *fid, end uint64) {
	if !v9fs {
		return
	}
	if e := f.follow.extent; e != nil {
		e.end = max(e.end, end)
		return
	}
	path := f.Node().Path()
	e := x.byPath[path]
	if e == nil {
		e = &extent{end: x.unknown(f)}
		x.put(path, e)
		x.idle++
	}
	e.end = max(e.end, end)
	x.foldIfMany()
}

// stat notes that the client gets the size 0 for the inode of f. The client takes the size
// over only while no file of the inode is open.
func (x *extents) stat(f *fid) {
	path := f.Node().Path()
	e := x.byPath[path]
	if e != nil && e.open > 0 {
		return
	}
	f.statFolds = x.folds
	if e != nil {
		delete(x.byPath, path)
		x.idle--
	}
}

// reopened attaches a restored file to the extent that it had. It returns false if there is
// no such extent.
func (x *extents) reopened(f *fid) bool {
	e := x.byPath[f.Node().Path()]
	if e == nil {
		return false
	}
	if e.open == 0 {
		x.idle--
	}
	e.open++
	f.follow.extent = e
	return true
}

func (x *extents) put(path uint64, e *extent) {
	if x.byPath == nil {
		x.byPath = make(map[uint64]*extent)
	}
	x.byPath[path] = e
}

// foldIfMany removes all idle extents if there are too many, and keeps their highest end.
func (x *extents) foldIfMany() {
	if x.idle <= maxIdleExtents {
		return
	}
	for path, e := range x.byPath {
		if e.open == 0 {
			x.folded = max(x.folded, e.end)
			delete(x.byPath, path)
		}
	}
	x.idle = 0
	x.folds++
}
