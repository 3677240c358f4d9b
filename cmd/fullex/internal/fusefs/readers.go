package fusefs

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// readers are the goroutines of a loop. There is one as long as one keeps up. With two the
// kernel would wake them in turn, which takes a fifth longer (go run ./tests/bench fuse).
// There are more when:
//
//   - One after the other finds requests that were there already (pace).
//   - All of them wait for the server. Somebody must read FUSE_INTERRUPT, which ends such a
//     wait, and the requests of other programs (relieve).
type readers struct {
	run      func()
	running  sync.WaitGroup
	count    atomic.Int32  // readers
	idle     atomic.Int32  // readers that wait for a request
	answered atomic.Uint64 // requests
	watched  atomic.Bool   // relieve looks after the readers
	watch    chan struct{} // wakes relieve; has room for one
	over     chan struct{} // is closed when the mount has ended
}

const (
	// promptTime is how long a read of a request that was there already takes at most.
	promptTime = 4 * time.Microsecond
	// promptReads is the number of such reads in a row after which there is work for
	// another reader, where requests do not wait for a server.
	promptReads = 1000
	// promptReadsWaiting is the same where they do: meanwhile another can be answered.
	promptReadsWaiting = 8
	// idleReads is the number of requests in a row for which another reader was idle, after
	// which one reader is enough.
	idleReads = 256
	// relieveTime is how long all readers may be busy with the same requests.
	relieveTime = time.Millisecond
	// maxIdle is the most readers that wait for requests after others have ended their
	// waiting for the server.
	maxIdle = 16
)

// start starts the first reader.
func (r *readers) start(run func()) {
	r.run, r.watch, r.over = run, make(chan struct{}, 1), make(chan struct{})
	r.spare()
}

// spare starts a reader, unless one waits for requests.
func (r *readers) spare() {
	if r.idle.CompareAndSwap(0, 1) {
		r.count.Add(1)
		r.running.Go(r.run)
	}
}

// relieve starts a goroutine that starts a reader where all have been busy with the same
// requests for relieveTime or up to twice that. It sleeps while there are no requests.
func (r *readers) relieve() {
	r.running.Go(func() {
		tick := time.NewTicker(relieveTime)
		defer tick.Stop()
		for {
			tick.Stop()
			select {
			case <-r.watch:
			case <-r.over:
				return
			}
			tick.Reset(relieveTime)
			for busy := true; busy; {
				before := r.answered.Load()
				select {
				case <-tick.C:
				case <-r.over:
					return
				}
				busy = r.answered.Load() != before
			}
			r.watched.Store(false)
			r.spare()
		}
	})
}

// allBusy notes that a reader has a request and no other reader is idle.
func (r *readers) allBusy(p *pace) {
	if p.waits && !r.watched.Load() && r.watched.CompareAndSwap(false, true) {
		r.watch <- struct{}{}
	}
	if p.grows() && (p.waits || r.mayGrow()) {
		r.spare()
	}
}

// mayGrow reports whether more readers can be of use where requests do not wait. With one
// reader for two processors, those who make the requests can run, too.
func (r *readers) mayGrow() bool { return int(r.count.Load()) < runtime.NumCPU()/2 }

// stays reports whether a reader goes on, and counts it as idle then. When it took its last
// request that many others were idle.
func (r *readers) stays(p *pace, others int32) bool {
	most := int32(maxIdle)
	if p.spared(others) {
		most = 1
	}
	for {
		n := r.idle.Load()
		if n >= most {
			return false
		}
		if r.idle.CompareAndSwap(n, n+1) {
			return true
		}
	}
}
