package p9srv

import "math"

// extent is how far a v9fs client may believe that one inode is written: the
// largest end of its writes and the largest size it set. It may be too high,
// which refuses a read; it must not be too low, which loses values.
type extent struct {
	end  uint64
	open int // open files of the inode on this connection
}

// reach notes that n bytes were written at an offset. Near the end of all
// offsets the sum stays there instead of wrapping round.
func (e *extent) reach(offset uint64, n int) {
	end := offset + uint64(n)
	if end < offset {
		end = math.MaxUint64
	}
	e.end = max(e.end, end)
}

// extents holds those of a connection, by qid.path: the client's inodes, that
// all its users share. A client forgets an inode's size when it asks for the
// attributes of one that nobody has open; before that, or in between, an
// Rwrite and an Rgetattr may reach it in either order.
//
// It is used by the connection's goroutine only.
type extents struct {
	byPath map[uint64]*extent
	idle   int // how many of them are not open

	// What was folded away when idle ones became too many: the highest end of
	// them, for each inode of which nothing better is known, and how often.
	folded uint64
	folds  uint32
}

// maxIdleExtents bounds the memory for inodes that were written and closed
// without being asked about again, such as a million of /pid/N.
const maxIdleExtents = 1024

// opened attaches an opened file to the extent of its inode. Only v9fs has
// such beliefs; it asks for attributes before it opens anything, so that it is
// known by then.
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

// unknown returns the end of an inode that has no extent: 0 if the client
// asked for its attributes since the last fold.
func (x *extents) unknown(f *fid) uint64 {
	if f.statFolds == x.folds {
		return 0
	}
	return x.folded
}

// closed detaches a closed file. An extent at 0 needs no memory.
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

// reached notes that the client believes the inode to reach up to end.
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

// stat notes that the client was told the size 0. That counts only while no
// file of the inode is open.
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

// reopened attaches a restored file to the extent that it had. It reports false if there
// is none.
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

// foldIfMany forgets the idle extents but for the highest end among them.
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
