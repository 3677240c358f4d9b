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

// ErrReset means that the session has ended. All requests of it are void. The next request
// is from a driver that begins anew.
var ErrReset = errors.New("vhostuser: the driver was reset")

// ErrRoom means that an answer is larger than the room of its chain.
var ErrRoom = errors.New("vhostuser: no room for the answer")

// Request is a request that was taken off the ring.
type Request struct {
	Chain Chain
	Size  int // bytes of the request, also those that did not fit the buffer and are lost
	Room  int // the most bytes of an answer
}

// Chain stands for the buffers of a request. Push gives them back to the driver. A Chain is
// valid only for the Conn that returned it.
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
	wire   *wire         // for the goroutine that serves
	done   chan struct{} // closed at the end of that goroutine
	err    error         // why it ended; written before done is closed
	shut   atomic.Bool   // Close was called

	changed chan struct{} // capacity 1: a field below has changed
	// kicks is where Next reads the kick's counter to. The number is not used.
	kicks    [8]byte
	kickInto [1][]byte

	// mu guards the fields below. Guest memory is not unmapped while it is locked.
	mu      sync.Mutex
	state   deviceState
	memory  memory
	queue   queue
	refused error // why the device is out of service; nil: it is in service
	session uint64
	live    bool // the session has begun and not ended
	ended   bool // the connection has ended
	kick    *os.File
	failure notifier // VHOST_USER_SET_VRING_ERR
	failed  bool     // the ring broke, and Next must fire failure
	backend notifier // kept open for the front-end, not used
	seen    uint64   // the session that Next has returned requests of
	waiting bool     // Next waits
	idle    int      // kicks since the last request

	deadline time.Time
	rearm    bool // deadline is not set on kick yet
}

// deviceState is what the front-end and the device agreed on. Plain data.
type deviceState struct {
	Features         uint64
	ProtocolFeatures uint64
	Status           uint8
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// Next waits for a request and copies it to buf. A request that is longer than buf is cut:
// see Request.Size. Next also does work that messages of the front-end leave to it. So a
// caller that is not busy must be in Next.
//
// Next returns ErrReset once after the end of a session, and io.EOF after the end of the
// connection. If there is no request until the deadline it returns os.ErrDeadlineExceeded.
// No request is lost then.
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
			continue // the ring has broken
		}
		if c.expiredLocked() {
			return Request{}, os.ErrDeadlineExceeded
		}
		c.waitLocked()
	}
}

// Poll copies the requests that are there to buf, one after the other, as long as they fit
// whole. It describes them in into, and returns how many they are. It does not wait. It
// returns 0 also if Next has an error to return.
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

// Answer is an answer and the chain of its request.
type Answer struct {
	Chain Chain
	Bytes []byte
}

// Push writes answers into the room of their chains and gives the chains back. It notifies
// the driver with at most one interrupt. An answer may have no bytes, but Linux's 9P driver
// then never wakes the process that waits for it. Push does not keep the Bytes.
//
// Push pushes all answers that it can, and returns the first error. While the machine is
// stopped, answers are stored. Next pushes them when the machine goes on.
//
// ErrReset means that the chain's session has ended, or that the chain was given back
// before. io.EOF means that the connection has ended. In both cases nobody waits for the
// answer. After ErrRoom the chain must still be given back.
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

// SetReadDeadline sets the time at which Next stops waiting; with the zero value it never
// does. This also applies to a Next that is waiting. The error is always nil.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline, c.rearm = t, true
	c.wakeLocked()
	return nil
}

// Close ends the connection, and frees its memory and descriptors before it returns. A Next
// that waits returns io.EOF.
//
// QEMU 11 then aborts the whole virtual machine when it next uses the device: see the
// package comment.
func (c *Conn) Close() error {
	c.shut.Store(true)
	err := rights.Shut(c.wire.conn) // the serving goroutine closes it
	<-c.done
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Wait waits for the end of the connection and returns its reason. That is nil if either end
// closed the connection. All memory and descriptors are free when Wait returns.
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

// release frees the connection's memory and descriptors.
func (c *Conn) release() {
	_ = rights.Close(c.wire.conn) // no reply is unsent
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

// lockServing locks mu for the goroutine that serves. The caller's goroutine can be stuck in
// fire with mu locked: fire first checks that a write will not wait, but just after that a
// front-end can fill the eventfd. The stuck goroutine goes on when the eventfd is read, which
// freeStuck does. It needs no lock, because only the serving goroutine changes and closes
// the eventfds. The serving goroutine itself never fires.
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

// stuckTime is how long the lock may be taken before freeStuck checks for a stuck goroutine.
const stuckTime = 100 * time.Millisecond

// freeStuck frees a goroutine that is stuck in fire, again and again until locked is closed.
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

// tellLocked notifies the front-end of a broken ring, and pushes the stored answers of a
// ring that goes on. The serving goroutine leaves this to the caller's goroutine, because it
// must never be stuck.
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
		_ = c.kick.Close() // nothing was written; a Next that waits on it returns
		c.kick = nil
	}
}

// runningLocked reports whether the ring may be used (vhost-user.rst, "Ring states").
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
