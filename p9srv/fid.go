package p9srv

import (
	"fullex/p9srv/tree"
)

// fid is a file under one number of a connection. It also records what the front knows about
// the client's reads. Only the connection's goroutine uses it.
type fid struct {
	tree.File

	follow    followup
	valueSize uint32 // device.File.ValueSize of an open device file

	// statFolds is the value of extents.folds at the last Tgetattr. A clone of this fid
	// takes it over: v9fs asks with one fid and opens its clone.
	statFolds uint32
}

// reset makes a closed fid the zero fid again.
func (f *fid) reset() { *f = fid{} }

// Flags of Tlopen from which followup.go infers what the Linux client will do. Package tree
// has the access modes.
const (
	nonBlocking = 0o4000
	largeFile   = 0o100000
)
