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

// conn is one connection over a net.Conn. It reads bytes, lets its front answer them, and
// writes the replies. One goroutine runs it.
type conn struct {
	// These fields are values and come first, as they are used together. With a thousand
	// connections, a message mostly waits for memory.
	srv       *Server // immutable
	io        transport
	processor Processor // the front, or layers around it; immutable after setUp
	front     front
	turn      turn

	net    net.Conn // as it was accepted; immutable
	number uint64   // numbers the connections of the server; immutable
	ours   bool     // nobody else has net and may close it; immutable
	log    *slog.Logger

	answered int           // how many bytes of io.arrived the write in hand answers
	restored *restored     // what a restored connection begins with; nil: nothing, or it has begun
	ended    chan struct{} // closed when a restored connection has ended; immutable

	allowed  time.Duration // how long the connection may wait for its peer; 0: for ever
	deadline time.Time     // when allowed has passed; zero: never
	extended bool          // deadline was extended once

	// finishing reports that the connection ends after its requests: its read deadline has
	// passed for good.
	finishing atomic.Bool
	// evicted reports that the connection ends because others need its memory.
	evicted atomic.Bool
}

// newConn makes a connection over c, which it closes in the end. ours reports that nobody
// else has c.
func newConn(s *Server, c net.Conn, number uint64, ours bool) *conn {
	made := &conn{srv: s, net: c, number: number, ours: ours}
	made.io.init(c, s.limits.WriteTimeout)
	return made
}

// setUp asks the transport about the peer and makes the rest of the connection.
func (c *conn) setUp() {
	p := newPeer(c.net, c.number, c.srv.Identity)
	c.log = c.srv.log.With("conn", c.number, "peer", p.Where)
	c.become(front{srv: c.srv, peer: p, log: c.log})
	c.keepAlive()
}

// become gives the connection its front.
func (c *conn) become(f front) {
	c.front = f
	c.processor = c.front.layered(&c.io)
	c.turn.of = &c.srv.turns
	c.io.claim.of, c.io.claim.cut = &c.srv.buffers, c.evict
	c.io.standStill = c.standStill
	if c.ours && !f.peer.Here { // with a peer in this process, the poller wakes no thread
		c.io.socket.mayLeave(c.net, &c.srv.place)
	}
}

// keepAlive makes the connection end when its TCP peer has vanished. If Limits.KeepAlive sets
// no limit, it makes the connection survive that.
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

// serve implements served. It returns when the peer has disconnected or broken the protocol,
// or when another goroutine has ended the connection.
func (c *conn) serve() {
	c.setUp()
	c.log.Info("connected")
	c.serveOn()
}

// serveOn is serve for a connection that is set up.
func (c *conn) serveOn() {
	err := c.answerSafely()
	c.front.end()
	if closeErr := c.io.close(); closeErr != nil {
		c.log.Debug("close", "error", closeErr)
	}
	c.logEnd(err)
}

// answerSafely is answerAll with a backstop like that of net/http. If a message meets a
// defect of the server, only the connection of its sender ends.
func (c *conn) answerSafely() (err error) {
	defer recoverDefect(c.log, &err)
	return c.answerAll()
}

// recoverDefect turns a panic into an error. Callers defer it.
func recoverDefect(log *slog.Logger, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("defect of the server: %v", r)
		log.Debug("defect", "stack", string(debug.Stack()))
	}
}

// answerAll reads and answers messages until the connection ends, and returns why.
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

// begin sets the deadline for the first attach. A restored connection first writes the
// replies and answers the requests that it begins with.
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

// answerAndWait answers what has arrived, rests, and sets the deadline for what comes next.
func (c *conn) answerAndWait(before awaited) (awaited, error) {
	progress, rest, err := c.answerArrived()
	if err != nil {
		return before, err
	}
	c.rest(rest)
	return c.waitFor(before, progress)
}

// awaited is what a connection waits for. Each has its own time limit.
type awaited uint8

const (
	forAttach  awaited = iota // the first attach; HandshakeTimeout from the start
	forRest                   // the rest of a frame; FrameTimeout from its first part
	forRequest                // a request; IdleTimeout from the last one
)

// waitFor sets the deadline for what the connection waits for next. before is what it waited
// for last. progress reports that it has answered whole frames since: then a part of a frame
// in the buffer belongs to a new frame.
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

// readWithin sets how long to wait for the peer. 0 means for ever. A finish at the same time
// keeps its effect.
func (c *conn) readWithin(d time.Duration) error {
	c.allowed, c.extended = d, false
	return c.startTime()
}

// onceMore returns nil if the connection should go on after the error of a read. It goes on
// after a freeze of the server. It also goes on if its deadline passed while the process
// could not run: then onceMore extends the deadline, once.
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

// startTime sets the deadline to allowed from now on.
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

// finish implements link. The connection ends as if the peer had disconnected.
func (c *conn) finish() error {
	c.finishing.Store(true)
	return c.io.socket.SetReadDeadline(past)
}

// cut implements link.
func (c *conn) cut() error { return c.io.socket.cut() }

// evict ends the connection because others need its memory. It does not close the socket:
// that would wait for a read of this connection. Two connections that evict each other would
// both wait for ever.
func (c *conn) evict() {
	c.evicted.Store(true)
	if err := ignoreClosed(c.io.socket.interrupt()); err != nil {
		c.log.Debug("end a connection", "error", err)
	}
}

// refuse implements served.
func (c *conn) refuse() error { return c.io.close() }

// answerArrived answers all whole frames that have arrived and writes the replies. It reports
// whether there were any, and returns how long to rest before the next read.
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

// answerShare calls the processor once and writes the replies. It returns how many bytes
// were answered, and how long to rest before the next call.
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

// rest leaves the processors to other connections for a while. A buffer that is not empty
// counts against the budget if there is room. If there is none, that does not matter: without
// a rest, the connection would keep the buffer just as long, until it has another turn.
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

// logEnd logs why the connection ended: peer, server, deadline, memory or an error.
func (c *conn) logEnd(err error) {
	switch {
	case errors.Is(err, io.EOF):
		c.log.Info("disconnected")
	case c.evicted.Load():
		c.log.Warn("cut: other connections need its memory, and it has waited longest")
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
