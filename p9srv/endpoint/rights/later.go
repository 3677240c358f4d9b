package rights

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// ErrFull says why no connection is accepted for now: see [Full].
var ErrFull = errors.New("too many descriptors from peers are waiting to be closed")

const (
	// maxThreads is how many threads close at the same time.
	maxThreads = 8
	// maxWaiting is how many closes may wait for a thread before Full returns true.
	maxWaiting = 1024
)

// closer makes closes that may take long, in threads of its own. The kernel may block such a
// thread in close(2) until the process ends, so nobody waits for the threads.
type closer struct {
	// mu guards the fields below.
	mu      sync.Mutex
	waiting []func() error
	threads int // number of running threads
}

// shared is the closer of this process.
var shared closer

// Later calls a function that closes something, in a separate thread, and does not wait for
// it. The error of the function is ignored: there is no written data to lose.
func Later(closes func() error) { shared.later(closes) }

// Full reports whether too many closes are waiting. Then the process should accept nothing
// from which it may get more.
func Full() bool { return shared.full() }

// roomTime is how often AwaitRoom asks Full.
const roomTime = 100 * time.Millisecond

// AwaitRoom waits while Full is true, if l is a unix listener: only a peer over a unix socket
// can send descriptors. It is called before l accepts a connection. It also returns when ctx
// ends. It calls wait once if it has to wait.
func AwaitRoom(ctx context.Context, l net.Listener, wait func()) {
	if _, isUnix := l.Addr().(*net.UnixAddr); !isUnix || !Full() {
		return
	}
	wait()
	ticker := time.NewTicker(roomTime)
	defer ticker.Stop()
	for Full() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// later implements Later.
func (c *closer) later(closes func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, closes)
	if c.threads < maxThreads {
		c.threads++
		go c.run()
	}
}

// full implements Full.
func (c *closer) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) >= maxWaiting
}

// run makes closes until none is waiting.
func (c *closer) run() {
	for closes := c.next(); closes != nil; closes = c.next() {
		_ = closes()
	}
}

// next returns the next close. It returns nil if none is waiting, and the thread must end.
func (c *closer) next() func() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.waiting = nil
		c.threads--
		return nil
	}
	closes := c.waiting[0]
	c.waiting = c.waiting[1:]
	return closes
}
