package fusefs

import (
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// lookTime is how long a caller may be ending before that is noticed. The kernel
// tells once a request that there is a signal, be it the first of several: so who
// was interrupted is looked at again and again.
const lookTime = 50 * time.Millisecond

// request is one that waits for the server.
type request struct {
	unique uint64 // the kernel's name of it
	thread uint32 // who makes it; 0 if nobody does or he has no number here
	cancel <-chan struct{}

	// The fields below are guarded by waiting.mu.
	place    int  // among waiting.requests
	answered bool // by waiting, since its caller was ending
}

// waiting are the requests that wait for a server in another process, which may
// hang. The kernel lets nobody go whose request is under way, not even one who was
// killed. So one goroutine, and none a request (the hand-over took 20 us), looks
// after those who were interrupted, and answers for the server to those who are
// ending. Others go on waiting: nobody would have what the server has popped.
type waiting struct {
	device kernel // set before the first request
	end    func() // the mount has ended: what waits for the server must not
	sees   bool   // who makes requests, by /proc

	begun chan struct{} // a request has begun that nobody looks at; holds one
	stop  chan struct{}
	done  sync.WaitGroup // look

	// mu guards the fields below. It is held while a request is answered, which
	// waits for nobody.
	mu       sync.Mutex
	requests []*request
	looking  bool
}

func newWaiting(sees bool, end func()) *waiting {
	return &waiting{device: noKernel, sees: sees, end: end, begun: make(chan struct{}, 1), stop: make(chan struct{})}
}

// start begins the looking, before the first request.
func (w *waiting) start(device kernel) {
	w.device = device
	w.done.Go(w.look)
}

// close ends the looking, and gives the connection back.
func (w *waiting) close() error {
	close(w.stop)
	w.done.Wait()
	return w.device.close()
}

// begin takes a request in.
func (w *waiting) begin(cancel <-chan struct{}, head *fuse.InHeader) *request {
	r := &request{unique: head.Unique, thread: head.Pid, cancel: cancel}
	w.mu.Lock()
	defer w.mu.Unlock()
	r.place = len(w.requests)
	w.requests = append(w.requests, r)
	if !w.looking {
		w.looking = true
		w.begun <- struct{}{}
	}
	return r
}

// finish takes it out, and says whether its caller was answered before.
func (w *waiting) finish(r *request) (answered bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.requests) - 1
	w.requests[r.place] = w.requests[last]
	w.requests[r.place].place = r.place
	w.requests[last] = nil
	w.requests = w.requests[:last]
	return r.answered
}

// look looks at the requests from time to time, as long as there are any.
func (w *waiting) look() {
	ticks := time.NewTicker(lookTime)
	for {
		ticks.Stop()
		select {
		case <-w.stop:
			return
		case <-w.begun:
		}
		ticks.Reset(lookTime)
		for w.goOn() {
			select {
			case <-w.stop:
				ticks.Stop()
				return
			case <-ticks.C:
			}
			w.lookAtAll()
		}
	}
}

// lookAtAll answers for the server whose caller is ending. When the mount has
// ended nobody waits for a reply any more.
func (w *waiting) lookAtAll() {
	if w.device.hasEnded() {
		w.end()
		return
	}
	for _, r := range w.interrupted() {
		if w.isEnding(r) {
			w.answer(r)
		}
	}
}

// goOn says whether there is still something to look at.
func (w *waiting) goOn() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looking = len(w.requests) > 0
	return w.looking
}

// interrupted returns the requests that are, and have no answer.
func (w *waiting) interrupted() (found []*request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		select {
		case <-r.cancel:
			if !r.answered {
				found = append(found, r)
			}
		default:
		}
	}
	return found
}

// isEnding says whether the caller is. A process of another pid namespace has no
// number here and cannot be looked at: killed or not, it waits for the server.
func (w *waiting) isEnding(r *request) bool {
	return w.sees && r.thread != 0 && isEnding(r.thread)
}

// answer answers a request, unless it has ended.
func (w *waiting) answer(r *request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.place < len(w.requests) && w.requests[r.place] == r {
		r.answered = w.device.interrupt(r.unique)
	}
}
