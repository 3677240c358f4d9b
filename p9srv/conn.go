package p9srv

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"fullex/p9srv/deadline"
	"fullex/p9srv/endpoint"
)

// conn is one connection: bytes in, bytes out, around a front. One goroutine
// runs it, which no other waits for but Server.Shutdown.
type conn struct {
	// By value and first, as they are used together: with a thousand
	// connections most of the time for a message is waiting for memory.
	srv       *Server // immutable
	io        transport
	processor Processor // the front, or layers around it; immutable after setUp
	front     front
	turn      turn

	net    net.Conn // as it was accepted, to ask who the peer is; immutable
	number uint64   // of all connections; immutable
	ours   bool     // nobody else has net; immutable
	log    *slog.Logger

	answered int           // bytes of io.arrived whose replies are being written
	restored *restored     // what the connection begins with; nil: it is new, or has begun
	ended    chan struct{} // closed when it has ended; nil: it is new; immutable

	allowed  time.Duration // for what the connection waits for; 0: no limit
	deadline time.Time     // for that
	extended bool          // deadline was given once more

	// finishing says that the read deadline has passed for good.
	finishing atomic.Bool
	// evicted says that others needed the memory that the connection held.
	evicted atomic.Bool
}

// newConn makes a connection, which owns c. ours says that nobody else has c.
func newConn(s *Server, c net.Conn, number uint64, ours bool) *conn {
	made := &conn{srv: s, net: c, number: number, ours: ours}
	made.io.init(c, s.limits.WriteTimeout)
	return made
}

// setUp asks who the peer is and makes the rest of the connection.
func (c *conn) setUp() {
	p := newPeer(c.net, c.number, c.srv.Identity)
	c.log = c.srv.log.With("conn", c.number, "peer", p.Where)
	c.become(front{srv: c.srv, peer: p, log: c.log})
	c.keepAlive()
}

// become lets the connection go on with a front.
func (c *conn) become(f front) {
	c.front = f
	c.processor = c.front.layered(&c.io)
	c.turn.of = &c.srv.turns
	c.io.claim.of, c.io.claim.cut = &c.srv.buffers, c.evict
	c.io.standStill = c.standStill
	if c.ours && !f.peer.Here { // within a process the poller wakes no thread
		c.io.socket.mayLeave(c.net, &c.srv.place)
	}
}

// keepAlive frees the sessions of a TCP peer that vanished, or keeps them for ever.
func (c *conn) keepAlive() {
	if c.srv.limits.KeepAlive == 0 {
		if err := ignoreClosed(endpoint.IgnoreLoss(c.net)); err != nil {
			c.log.Warn("a peer that vanishes will be noticed", "error", err)
		}
		return
	}
	if err := ignoreClosed(endpoint.NoticeLoss(c.net, c.srv.limits.KeepAlive)); err != nil {
		c.log.Warn("a peer that vanishes will not be noticed", "error", err)
	}
}

// serve implements served: it answers until the peer leaves, breaks the protocol
// or is cut.
func (c *conn) serve() {
	c.setUp()
	c.log.Info("connected")
	c.serveOn()
}

// serveOn is serve for a connection that is set up.
func (c *conn) serveOn() {
	err := c.answerSafely()
	c.front.endSession()
	if closeErr := c.io.close(); closeErr != nil {
		c.log.Debug("close", "error", closeErr)
	}
	c.logEnd(err)
}

// answerSafely is a backstop like net/http's: a defect that one peer's message
// meets ends that peer's connection and no other.
func (c *conn) answerSafely() (err error) {
	defer recoverDefect(c.log, &err)
	return c.answerAll()
}

// recoverDefect makes a panic an error. It is deferred.
func recoverDefect(log *slog.Logger, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("defect of the server: %v", r)
		log.Debug("defect", "stack", string(debug.Stack()))
	}
}

func (c *conn) answerAll() error {
	waits, err := c.begin()
	for err == nil {
		if err = c.io.more(); err != nil {
			err = c.onceMore(err)
			continue
		}
		waits, err = c.answerAndWait(waits)
	}
	return err
}

// begin sets the time to the first attach. A restored connection first does what was left.
func (c *conn) begin() (awaited, error) {
	if err := c.readWithin(c.srv.limits.HandshakeTimeout); err != nil || c.restored == nil {
		return forAttach, err
	}
	left := c.restored
	c.restored = nil
	c.io.part = left.in // first: another freeze may come while out is written
	if len(left.out) > 0 {
		if err := c.io.write(left.out); err != nil {
			return forAttach, err
		}
	}
	c.io.borrow()
	return c.answerAndWait(forAttach)
}

// answerAndWait answers what has arrived, rests, and sets the time for what comes next.
func (c *conn) answerAndWait(before awaited) (awaited, error) {
	progress, rest, err := c.answerArrived()
	if err != nil {
		return before, err
	}
	c.rest(rest)
	return c.waitFor(before, progress)
}

// awaited is what a connection waits for. Each has a time of its own.
type awaited uint8

const (
	forAttach  awaited = iota // from the start on: HandshakeTimeout
	forRest                   // of a frame, since its first part: FrameTimeout
	forRequest                // since the last one: IdleTimeout
)

// waitFor sets the time for what the connection waits for next. progress says
// that whole frames were answered since before, so that the part of one that
// may be there is a new one's.
func (c *conn) waitFor(before awaited, progress bool) (awaited, error) {
	limits := c.srv.limits
	switch {
	case !c.front.attached && limits.HandshakeTimeout > 0:
		return forAttach, nil
	case c.io.fill > 0:
		if before == forRest && !progress {
			return forRest, nil
		}
		return forRest, c.readWithin(limits.FrameTimeout)
	case before == forRequest && limits.IdleTimeout == 0:
		return forRequest, nil
	}
	return forRequest, c.readWithin(limits.IdleTimeout)
}

// readWithin sets how long to wait for the peer; 0: for ever. It does not undo
// finish, which may be called at the same time.
func (c *conn) readWithin(d time.Duration) error {
	c.allowed, c.extended = d, false
	return c.startTime()
}

// onceMore gives a deadline that passed unseen once more, or returns the error. A freeze
// of the server is no error.
func (c *conn) onceMore(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) && c.standStill() {
		return nil
	}
	if c.extended || c.finishing.Load() || !deadline.PassedUnseen(err, c.deadline) {
		return err
	}
	c.extended = true
	return c.startTime()
}

// startTime sets the deadline from now on.
func (c *conn) startTime() error {
	c.deadline = time.Time{}
	if c.allowed > 0 {
		c.deadline = time.Now().Add(c.allowed)
	}
	if err := c.io.socket.SetReadDeadline(c.deadline); err != nil {
		return err
	}
	if c.finishing.Load() || c.evicted.Load() {
		return c.io.socket.SetReadDeadline(past)
	}
	return nil
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// finish implements link: the connection ends as if the peer had left.
func (c *conn) finish() error {
	c.finishing.Store(true)
	return c.io.socket.SetReadDeadline(past)
}

// cut implements link.
func (c *conn) cut() error { return c.io.socket.cut() }

// evict ends the connection for others that need memory. It does not wait: of two that
// evict each other, both may be in the middle of a read, which closing waits for.
func (c *conn) evict() {
	c.evicted.Store(true)
	if err := ignoreClosed(c.io.socket.interrupt()); err != nil {
		c.log.Debug("end a connection", "error", err)
	}
}

// refuse implements served.
func (c *conn) refuse() error { return c.io.close() }

// answerArrived answers all whole frames there are and writes the replies. It reports
// whether there were any, and returns how long to rest before the next.
func (c *conn) answerArrived() (progress bool, rest time.Duration, err error) {
	for {
		used, rest, err := c.answerShare()
		if err != nil {
			return progress, 0, err
		}
		progress = progress || used > 0
		if left := c.io.drop(used); used == 0 || left == 0 {
			c.io.compact()
			return progress, rest, nil
		}
		c.rest(rest)
		if c.srv.freezer.isFrozen() {
			c.standStill()
		}
	}
}

// answerShare is one call of the processor. It returns how many bytes were used, and how
// long to rest before the next.
func (c *conn) answerShare() (used int, rest time.Duration, err error) {
	buffer := outPool.Get().(*outBuffer)
	defer outPool.Put(buffer)
	c.turn.begin()
	used, buffer.b, err = c.processor.Process(c.io.arrived(), buffer.b[:0])
	rest = c.turn.add(c.front.work)
	if len(buffer.b) > 0 {
		c.answered = used
		err = errors.Join(err, c.io.write(buffer.b))
		c.answered = 0
	}
	return used, rest, err
}

// rest leaves the processors to others for a while. It would hold its buffer as long
// without a rest, until it has another turn, so that a full budget does not matter.
func (c *conn) rest(d time.Duration) {
	if d == 0 {
		return
	}
	c.io.giveBack()
	if bytes := c.io.memory(); bytes > 0 && c.io.claim.tryTake(bytes) {
		defer c.io.claim.free()
	}
	c.srv.rest(d)
}

// logEnd tells apart who ended the connection.
func (c *conn) logEnd(err error) {
	switch {
	case errors.Is(err, io.EOF):
		c.log.Info("disconnected")
	case c.evicted.Load():
		c.log.Warn("cut: others need the memory that it held the longest")
	case c.finishing.Load(), ignoreClosed(err) == nil:
		c.log.Info("closed")
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.log.Warn("cut: the peer took too long")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		c.log.Info("disconnected", "error", err)
	default:
		c.log.Warn("connection ended", "error", err)
	}
}
