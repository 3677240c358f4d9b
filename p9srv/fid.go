package p9srv

import (
	"fullex/p9srv/tree"
)

// fid is what one number of a connection stands for: a file, and what the front knows
// of its client's reads. It is used by the connection's goroutine only.
type fid struct {
	tree.File

	follow    followup
	valueSize uint32 // device.File.ValueSize, of an opened device file

	// statFolds is extents.folds when the attributes were last asked for. A fid that
	// is cloned from this one takes it over: v9fs asks on one fid and opens its clone.
	statFolds uint32
}

// reset makes a closed fid as it was when it was new.
func (f *fid) reset() { *f = fid{} }

// Flags of Tlopen by which the Linux client shows its version (followup.go); the access
// modes are those of package tree.
const (
	nonBlocking = 0o4000
	largeFile   = 0o100000
)
