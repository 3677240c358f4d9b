package client

import "sync"

// fids gives out the numbers of fids. Safe for concurrent use.
type fids struct {
	mu   sync.Mutex // guards the fields below; no other lock is taken while it is held
	free []uint32   // used before and free again
	last uint32     // the highest number used so far
}

func (f *fids) take() uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.free); n > 0 {
		fid := f.free[n-1]
		f.free = f.free[:n-1]
		return fid
	}
	f.last++
	return f.last
}

func (f *fids) give(fid uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = append(f.free, fid)
}
