//go:build linux

package vhostuser

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
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
	wire   *wire         // of the goroutine that serves
	done   chan struct{} // closed at the end of that goroutine
	err    error         // why it ended; written before done is closed

	changed chan struct{} // of capacity 1: something below changed
	// kicks is for Next to read a number into that means nothing.
	kicks    [8]byte
	kickInto [1][]byte

	// mu guards all below, and guest memory against being unmapped.
	mu       sync.Mutex
	state    deviceState
	memory   memory
	queue    queue
	refused  error // what took the device out of service
	session  uint64
	live     bool // the session has begun and not ended
	ended    bool // the connection
	kick     *os.File
	failure  notifier // VHOST_USER_SET_VRING_ERR
	backend  notifier // kept open for the front-end, not used
	seen     uint64   // the session that Next is in
	waiting  bool     // Next waits
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

// Next waits for a request and copies it to buf. What is longer than buf is cut:
// see Request.Size.
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
		if c.seen != c.session {
			c.seen = c.session
			return Request{}, ErrReset
		}
		if r, ok := c.popLocked(buf); ok {
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

// Push writes an answer into the room of a chain and gives the chain back. The
// driver need not see it before Flush. An answer of no bytes is allowed, but
// Linux's 9P driver never wakes who waits for it. answer is not kept.
//
// While the machine is stopped answers are kept for it. ErrReset says that the
// chain's session has ended, or that it was given back before, and io.EOF that
// the connection has: nobody waits for the answer. After ErrRoom the chain is
// still there to be given back.
func (c *Conn) Push(chain Chain, answer []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pushLocked(chain, answer)
}

// Answer is an answer and the chain that it is for.
type Answer struct {
	Chain Chain
	Bytes []byte
}

// PushAll is Push for many answers at the cost of one, and Flush. It returns the
// first error, and has pushed all that could be.
func (c *Conn) PushAll(answers []Answer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.runningLocked() {
		return c.pushEachLocked(answers)
	}
	for _, a := range answers {
		if s := c.queue.slot(a.Chain); s == nil || len(a.Bytes) > s.room {
			return c.pushEachLocked(answers) // with something to say
		}
	}
	if err := c.queue.pushAll(answers); err != nil {
		c.breakLocked(err)
		return ErrReset
	}
	return nil
}

func (c *Conn) pushEachLocked(answers []Answer) (first error) {
	for _, a := range answers {
		if err := c.pushLocked(a.Chain, a.Bytes); err != nil && first == nil {
			first = err
		}
	}
	c.flushLocked()
	return first
}

func (c *Conn) pushLocked(chain Chain, answer []byte) error {
	if c.ended {
		return io.EOF
	}
	s := c.queue.slot(chain)
	if s == nil {
		return ErrReset
	}
	if len(answer) > s.room {
		return ErrRoom
	}
	if !c.runningLocked() {
		c.queue.park(chain, answer)
		return nil
	}
	if err := c.queue.push(chain, answer); err != nil {
		c.breakLocked(err)
		return ErrReset
	}
	return nil
}

// Flush tells the driver of all chains that were given back, with one interrupt
// or none.
func (c *Conn) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushLocked()
}

func (c *Conn) flushLocked() {
	if !c.runningLocked() {
		return
	}
	if err := c.queue.flush(); err != nil {
		c.breakLocked(err)
	}
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
	err := c.wire.conn.Close()
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
	if closedByPeer(err) || errors.Is(err, net.ErrClosed) {
		return
	}
	c.err = err
	c.log.Warn("the front-end does not speak vhost-user", "error", err)
}

// release frees everything.
func (c *Conn) release() {
	_ = c.wire.conn.Close() // nothing is unsent
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.closeKickLocked()
	c.memory.free()
	c.queue.call.close()
	c.failure.close()
	c.backend.close()
	c.wakeLocked()
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
	c.failure.fire()
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
