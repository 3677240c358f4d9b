package fusefs

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// readers are the goroutines of a loop. There is one as long as one keeps up. The kernel
// would wake two alternately, and an operation would take a fifth longer (go run
// ./tests/bench fuse). There are more in two cases:
//
//   - A reader finds many requests in a row already waiting (pace).
//   - All readers wait for the server. Another one must read FUSE_INTERRUPT, which ends such
//     a wait, and the requests of other programs (relieve).
type readers struct {
	run      func()
	running  sync.WaitGroup
	count    atomic.Int32  // of readers
	idle     atomic.Int32  // readers that wait for a request
	answered atomic.Uint64 // requests
	watched  atomic.Bool   // relieve watches the readers
	watch    chan struct{} // wakes relieve; capacity 1
	over     chan struct{} // closed when the mount has ended
}

const (
	// promptTime is the longest time of a prompt read. The request of a prompt read was
	// already waiting.
	promptTime = 4 * time.Microsecond
	// promptReads is how many prompt reads in a row start another reader, if requests do not
	// wait for a server.
	promptReads = 1000
	// promptReadsWaiting is the same number if requests wait: another reader can then
	// answer while one waits.
	promptReadsWaiting = 8
	// idleReads is how many requests in a row show that one idle reader is enough. Another
	// reader was idle during each of them.
	idleReads = 256
	// relieveTime is how long all readers may be busy with the same requests.
	relieveTime = time.Millisecond
	// maxIdle is the most readers that are idle. Many can become idle at the same time when
	// the server has answered.
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

// relieve starts a goroutine that watches the readers. It starts another one when all have
// been busy with the same requests for relieveTime to twice that. It sleeps until all are
// busy.
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

// allBusy starts another reader if that is of use. A reader calls it when it has taken a
// request and no other reader is idle.
func (r *readers) allBusy(p *pace) {
	if p.waits && !r.watched.Load() && r.watched.CompareAndSwap(false, true) {
		r.watch <- struct{}{}
	}
	if p.grows() && (p.waits || r.mayGrow()) {
		r.spare()
	}
}

// mayGrow reports whether more readers can be of use if requests do not wait. One reader
// for two processors leaves time for the programs that make the requests.
func (r *readers) mayGrow() bool { return int(r.count.Load()) < runtime.NumCPU()/2 }

// stays reports whether a reader goes on, and then counts it as idle. others is how many
// other readers were idle when it took its last request.
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
