package ownpath

import (
	"io/fs"
	"sync"
	"syscall"
)

// umask serialises the calls of WithUmask.
var umask sync.Mutex

// WithUmask sets the umask of the process to mask, calls do, and restores the umask. Calls
// wait for each other. Files that other goroutines make in that time get the mask, too.
//
// A chmod(2) after the file is made is not safe: by then its path may lead to another file.
// And without WithUmask, the user's umask may remove bits that the owner needs.
func WithUmask(mask fs.FileMode, do func()) {
	umask.Lock()
	defer umask.Unlock()
	old := syscall.Umask(int(mask & fs.ModePerm))
	defer syscall.Umask(old)
	do()
}
