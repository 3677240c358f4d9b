//go:build linux

package vhostuser

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"fullex/p9srv/endpoint/rights"
)

// ErrReset says that the session has ended: whatever the driver had with the
// user is void, and what comes next is from a driver that begins anew.
var ErrReset = errors.New("vhostuser: the driver was reset")

// ErrRoom says that an answer is larger than the room of its chain.
var ErrRoom = errors.New("vhostuser: no room for the answer")

// Request is a request that was taken off the ring.
type Request struct {
	Chain Chain
	Size  int // bytes of the request; what did not fit the buffer is lost
	Room  int // bytes that an answer may have
}

// Chain stands for the buffers of a request, which go back to the driver with
// Push. It is of use for that Conn only.
type Chain struct {
	head   uint16
	serial uint64
}

// Conn is a connection to a front-end: one device of one virtual machine.
//
// One goroutine at a time calls Next and Poll. The other methods are safe for
// concurrent use.
type Conn struct {
	device *Device       // immutable
	log    *slog.Logger  // immutable
	budget *Budget       // immutable
	wire   *wire         // of the goroutine that serves
	done   chan struct{} // closed at the end of that goroutine
	err    error         // why it ended; written before done is closed
	shut   atomic.Bool   // Close was called

	changed chan struct{} // of capacity 1: something below changed
	// kicks is for Next to read a number into that means nothing.
	kicks    [8]byte
	kickInto [1][]byte

	// mu guards all below, and guest memory against being unmapped.
	mu      sync.Mutex
	state   deviceState
	memory  memory
	queue   queue
	refused error // what took the device out of service
	session uint64
	live    bool // the session has begun and not ended
	ended   bool // the connection
	kick    *os.File
	failure notifier // VHOST_USER_SET_VRING_ERR
	failed  bool     // the ring broke, and failure is to tell
	backend notifier // kept open for the front-end, not used
	seen    uint64   // the session that Next is in
	waiting bool     // Next waits
	idle    int      // kicks since the last request

	deadline time.Time
	rearm    bool // kick has not the deadline
}

// deviceState is what front-end and device agreed on. Plain data.
type deviceState struct {
	Features         uint64
	ProtocolFeatures uint64
	Status           uint8
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// Next waits for a request and copies it to buf. What is longer than buf is cut: see
// Request.Size. It also does what a change made by the front-end asks for: whoever
// has a Conn must be in Next if he is not busy.
//
// It returns ErrReset once after the end of a session in which the driver was
// reset, and io.EOF at the end of the connection. If nothing is there to be
// taken it returns os.ErrDeadlineExceeded after the deadline. Nothing is lost
// by that.
func (c *Conn) Next(buf []byte) (Request, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if c.ended {
			return Request{}, io.EOF
		}
		c.tellLocked()
		if c.seen != c.session {
			c.seen = c.session
			return Request{}, ErrReset
		}
		if r, ok := c.popLocked(buf); ok {
			c.idle = 0
			return r, nil
		}
		if c.seen != c.session {
			continue // the ring broke
		}
		if c.expiredLocked() {
			return Request{}, os.ErrDeadlineExceeded
		}
		c.waitLocked()
	}
}

// Poll copies requests to buf, one behind the other, as far as there are some and
// they fit whole, and fills into with as many. It returns how many: 0 also if
// there is anything else to say, which Next does.
func (c *Conn) Poll(buf []byte, into []Request) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || c.seen != c.session || !c.runningLocked() {
		return 0
	}
	n, err := c.queue.popAll(buf, into)
	if err != nil {
		c.breakLocked(err)
		return 0 // the session has ended
	}
	return n
}

func (c *Conn) popLocked(buf []byte) (Request, bool) {
	if !c.runningLocked() {
		return Request{}, false
	}
	r, ok, err := c.queue.pop(buf)
	if err != nil {
		c.breakLocked(err)
	}
	return r, ok
}

// Answer is an answer and the chain that it is for.
type Answer struct {
	Chain Chain
	Bytes []byte
}

// Push writes answers into the room of their chains, gives the chains back and
// tells the driver, with one interrupt or none. An answer of no bytes is allowed,
// but Linux's 9P driver never wakes who waits for it. The bytes are not kept.
//
// It returns the first error, and has pushed all that could be. While the machine
// is stopped answers are kept for it, and pushed by Next when it goes on.
//
// ErrReset says that a chain's session has ended, or that it was given back before,
// and io.EOF that the connection has: nobody waits for the answer. After ErrRoom
// the chain is still there to be given back.
func (c *Conn) Push(answers ...Answer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return io.EOF
	}
	if !c.runningLocked() {
		return c.queue.park(answers)
	}
	refused, err := c.queue.push(answers)
	if err != nil {
		c.breakLocked(err)
		return ErrReset
	}
	return refused
}

// SetReadDeadline sets the time at which Next stops waiting; the zero value:
// never. It applies to a Next that waits already, too. The error is always nil.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline, c.rearm = t, true
	c.wakeLocked()
	return nil
}

// Close ends the connection and frees all that it had, before it returns. A
// Next that waits returns io.EOF.
//
// With QEMU 11 that ends the whole virtual machine at its next look at the
// device: see the package's comment.
func (c *Conn) Close() error {
	c.shut.Store(true)
	err := rights.Shut(c.wire.conn) // which its goroutine closes
	<-c.done
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Wait waits for the end of the connection and returns what was wrong with it:
// nil if it was closed, at either end. All is freed when it returns.
func (c *Conn) Wait() error {
	<-c.done
	return c.err
}

// serve answers the front-end until the end of the connection.
func (c *Conn) serve() {
	defer close(c.done)
	defer c.release()
	err := c.answerAll()
	if closedByPeer(err) || c.shut.Load() {
		return
	}
	c.err = err
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.log.Warn("cut: the front-end took too long", "error", err)
	case errors.Is(err, rights.ErrFull):
		c.log.Warn("cut: no room for the front-end's descriptors", "error", err)
	default:
		c.log.Warn("the front-end does not speak vhost-user", "error", err)
	}
}

// release frees everything.
func (c *Conn) release() {
	_ = rights.Close(c.wire.conn) // nothing is unsent
	c.lockServing()
	defer c.mu.Unlock()
	c.ended = true
	c.closeKickLocked()
	c.memory.free()
	c.queue.call.close()
	c.failure.close()
	c.backend.close()
	c.budget.returnDescriptors(keptFDs)
	c.wakeLocked()
}

// lockServing takes the lock for the goroutine that serves. The user's can be stuck
// with it in fire: that a write will not wait is true when it is looked at, and a
// front-end that has its eventfd wait can fill it in the moment after. Who is stuck
// goes on when the eventfd was read. Only this goroutine changes and closes the
// eventfds, so that they are as they were while it is here; it never fires.
func (c *Conn) lockServing() {
	if c.mu.TryLock() {
		return
	}
	locked := make(chan struct{})
	var freeing sync.WaitGroup
	freeing.Go(func() { c.freeStuck(locked) })
	c.mu.Lock()
	close(locked)
	freeing.Wait()
}

// stuckTime is how long somebody may have the lock before it is looked whether he is
// stuck.
const stuckTime = 100 * time.Millisecond

// freeStuck has who is stuck with the lock go on, until it is locked.
func (c *Conn) freeStuck(locked <-chan struct{}) {
	ticker := time.NewTicker(stuckTime)
	defer ticker.Stop()
	for {
		select {
		case <-locked:
			return
		case <-ticker.C:
			c.queue.call.empty()
			c.failure.empty()
		}
	}
}

// tellLocked does what the goroutine that serves leaves to the user's, as it must
// never be stuck: it notifies the front-end of a broken ring, and hands over the
// answers that were kept for a ring that goes on.
func (c *Conn) tellLocked() {
	if c.failed {
		c.failed = false
		c.failure.fire()
	}
	if len(c.queue.parked) == 0 || !c.runningLocked() {
		return
	}
	if err := c.queue.deliver(); err != nil {
		c.breakLocked(err)
		c.tellLocked()
	}
}

func (c *Conn) closeKickLocked() {
	if c.kick != nil {
		_ = c.kick.Close() // only read from; a Next that waits on it returns
		c.kick = nil
	}
}

// runningLocked says whether the ring may be used (vhost-user.rst, "Ring
// states").
func (c *Conn) runningLocked() bool {
	q := &c.queue
	enabled := q.Enabled || c.state.Features&featureProtocolFeatures == 0
	return q.Started && enabled && q.broken == nil && c.refused == nil && !c.ended
}

// breakLocked takes the ring out of use until the driver is reset.
func (c *Conn) breakLocked(err error) {
	c.queue.broken = err
	c.queue.ring = ring{}
	c.log.Warn("the ring is out of use until the guest resets its driver", "error", err)
	c.failed = true
	c.endSessionLocked()
}

// endSessionLocked ends the session, if there is one.
func (c *Conn) endSessionLocked() {
	c.queue.drop()
	if c.live {
		c.live = false
		c.session++
	}
}
