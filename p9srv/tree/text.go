package tree

import (
	"io"
	"strings"
	"sync/atomic"
	"syscall"
)

const (
	// maxControl is the longest text that ctl accepts, in bytes.
	maxControl = 1 << 10
	// MaxText is how many bytes of listings a connection should have open at most. A
	// listing of 100,000 sessions has about 8 MiB.
	MaxText = 32 << 20
	// maxAllText limits the bytes of all open listings of verified users, and the same
	// for all other users. More returns ENFILE, but not to an administrator: no other user
	// may shut administrators out.
	maxAllText = 256 << 20
	// leastSessionLine is the least length of a line of /sessions, in bytes.
	leastSessionLine = 40
)

// text is the text of an open text file.
type text interface {
	io.ReaderAt
	Size() int64 // in bytes
}

// openText gives the file its present text. For kmsg it stores two line numbers. The other
// texts are listings: it stores a copy, which counts against limits while the file is open.
// It returns EMFILE for a listing of more than room bytes, and ENFILE above maxAllText.
func (f *File) openText(room int) error {
	kernel := f.tree.kernel
	var text string
	switch f.node.kind {
	case kmsgFile:
		f.text = kernel.Log().Reader()
		return nil
	case modulesFile:
		text = kernel.ListModules()
	default:
		// This refuses a listing that is surely too long before it is made.
		if leastSessionLine*kernel.CountOwned(&f.user.User) > room {
			return syscall.EMFILE
		}
		text = kernel.ListSessions(&f.user.User)
	}
	size := len(text)
	if size > room {
		return syscall.EMFILE
	}
	if f.allTexts().Add(int64(size)) > maxAllText && !f.user.Admin {
		f.allTexts().Add(-int64(size))
		return syscall.ENFILE
	}
	f.text, f.size = newListing(text), size
	return nil
}

// listingText is a listing that was made at the open.
type listingText struct {
	*strings.Reader
	text string
}

func newListing(text string) listingText { return listingText{strings.NewReader(text), text} }

// textLength returns the length of the text in bytes. If the file is not open, it is the length
// of the text that an open would take now.
func (f *File) textLength() int64 {
	kernel := f.tree.kernel
	switch {
	case f.text != nil:
		return f.text.Size()
	case f.node.kind == kmsgFile:
		return kernel.Log().Reader().Size()
	case f.node.kind == modulesFile:
		return int64(kernel.ModulesSize())
	}
	return int64(kernel.SessionsSize(&f.user.User))
}

// SessionsToMeasure returns how many sessions GetAttr must look at to find the size. It takes
// constant time.
func (f *File) SessionsToMeasure() int {
	if f.node.kind != sessionsFile || f.text != nil {
		return 0
	}
	return f.tree.kernel.CountOwned(&f.user.User)
}

// allTexts returns the counter of the bytes of open listings: that of verified users, or that
// of all others, as the user of f is.
func (f *File) allTexts() *atomic.Int64 {
	if f.user.Vouched {
		return &f.tree.vouchedTexts
	}
	return &f.tree.otherTexts
}

// closeText undoes openText and keepListing.
func (f *File) closeText() {
	if f.size > 0 {
		f.allTexts().Add(-int64(f.size))
	}
	f.text, f.size = nil, 0
}

// keepListing gives a restored file the listing that was made at its open. It counts
// against the limits but is never refused.
func (f *File) keepListing(text string) {
	f.text, f.size = newListing(text), len(text)
	f.allTexts().Add(int64(f.size))
}
