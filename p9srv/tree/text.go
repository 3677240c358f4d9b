package tree

import (
	"io"
	"strings"
	"sync/atomic"
	"syscall"
)

const (
	// maxControl is how long a text to ctl may be, in bytes.
	maxControl = 1 << 10
	// MaxText is how many bytes of listings a connection should have open. The
	// longest, of 100,000 sessions, has about 8 MiB.
	MaxText = 32 << 20
	// maxAllText bounds the listings that are open in all, of verified users and of
	// others: ENFILE, but not for the administrator, whom nobody must be able to
	// shut out.
	maxAllText = 256 << 20
	// leastSessionLine is what a line of /sessions has at least.
	leastSessionLine = 40
)

// text is what an opened text file shows.
type text interface {
	io.ReaderAt
	Size() int64 // in bytes
}

// openText takes the text as it is now: of kmsg two line numbers, of the listings a
// copy, which counts against limits while it is open.
func (f *File) openText(room int) error {
	kernel := f.tree.kernel
	var listing string
	switch f.node.kind {
	case kmsgFile:
		f.text = kernel.Log().Reader()
		return nil
	case modulesFile:
		listing = kernel.ListModules()
	default:
		// Refused before it is made, if it is certain to be too long.
		if leastSessionLine*kernel.CountOwned(&f.user.User) > room {
			return syscall.EMFILE
		}
		listing = kernel.ListSessions(&f.user.User)
	}
	size := len(listing)
	if size > room {
		return syscall.EMFILE
	}
	if f.allTexts().Add(int64(size)) > maxAllText && !f.user.Admin {
		f.allTexts().Add(-int64(size))
		return syscall.ENFILE
	}
	f.text, f.size = strings.NewReader(listing), size
	return nil
}

// textLength returns how long a text is, in bytes: what the open took, or what one by this
// user would show now.
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

// SessionsToMeasure returns how many sessions GetAttr has to look at for the size. It takes
// constant time.
func (f *File) SessionsToMeasure() int {
	if f.node.kind != sessionsFile || f.text != nil {
		return 0
	}
	return f.tree.kernel.CountOwned(&f.user.User)
}

// allTexts counts the bytes of the listings that are open.
func (f *File) allTexts() *atomic.Int64 {
	if f.user.Vouched {
		return &f.tree.vouchedTexts
	}
	return &f.tree.otherTexts
}

func (f *File) closeText() {
	if f.size > 0 {
		f.allTexts().Add(-int64(f.size))
	}
	f.text, f.size = nil, 0
}
