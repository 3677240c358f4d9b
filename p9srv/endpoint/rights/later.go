package rights

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// ErrFull reports that no connection is accepted for now.
var ErrFull = errors.New("too many descriptors that peers sent wait to be closed")

const (
	// maxThreads is how many threads close at the same time.
	maxThreads = 8
	// maxWaiting is how many descriptors wait for one of these until Full says so.
	maxWaiting = 1024
)

// closer closes what may take long. The threads belong to the process: one that the
// kernel stops in close(2) ends when the kernel lets it go on, at the latest with the
// process. That is why nobody waits for them.
type closer struct {
	// mu guards the fields below.
	mu      sync.Mutex
	waiting []func() error
	threads int
}

var shared closer

// Later calls a function that closes something, in a thread for that only, and does not
// wait for it. Its error is dropped: nothing was written that could be lost.
func Later(closes func() error) { shared.later(closes) }

// Full reports whether so many wait to be closed that nothing more should be taken that
// may have to be closed later.
func Full() bool { return shared.full() }

// roomTime is the time between two looks of AwaitRoom.
const roomTime = 100 * time.Millisecond

// AwaitRoom waits, before a listener accepts the next peer, while Full is true and the
// peer could send descriptors. It returns when ctx ends. It calls wait once if it waits.
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

func (c *closer) later(closes func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, closes)
	if c.threads < maxThreads {
		c.threads++
		go c.run()
	}
}

func (c *closer) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting) >= maxWaiting
}

// run closes until nothing waits.
func (c *closer) run() {
	for closes := c.next(); closes != nil; closes = c.next() {
		_ = closes()
	}
}

// next returns nil when nothing waits; the thread is not counted any more then.
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
