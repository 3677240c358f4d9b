package ownpath

import (
	"io/fs"
	"sync"
	"syscall"
)

// umask serves one WithUmask at a time.
var umask sync.Mutex

// WithUmask calls a function while the process has a umask, and one call at a time.
// Files that other goroutines make at this moment have that umask, too. A mode that is
// set after a file was made would be that of whatever is at its path by then, and a
// user's umask may take away what the owner needs.
func WithUmask(mask fs.FileMode, do func()) {
	umask.Lock()
	defer umask.Unlock()
	old := syscall.Umask(int(mask & fs.ModePerm))
	defer syscall.Umask(old)
	do()
}
