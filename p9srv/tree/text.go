package tree

import (
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

// openText takes the text as it is now: of kmsg two line numbers, of the listings a
// copy, which counts against limits while it is open.
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
		// Refused before it is made, if it is certain to be too long.
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
	f.text, f.size = strings.NewReader(text), size
	return nil
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
