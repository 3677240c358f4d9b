package load

import (
	"errors"
	"fmt"
	"os"
	"time"

	"fullex/p9srv/client"
	"fullex/p9srv/wire"
)

const (
	// writeTime is how long a write may wait. A server may read nothing until its replies
	// are read.
	writeTime = 50 * time.Millisecond
	// smallest is the least size of the buffer for replies, in bytes.
	smallest = 256
	// largestWalk is the most names of a Twalk (walk(5)).
	largestWalk = 16
)

// past is a deadline that ends a read or write at once.
var past = time.Unix(1, 0)

// prepare implements Worker.
func (c *Conn) prepare(r *round) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.in) == 0 {
		reply := wire.RreadHead + valueSize
		if c.config.Mix[Open] > 0 {
			reply = wire.HeadSize + 2 + largestWalk*wire.QIDSize
		}
		c.in = make([]byte, max(smallest, c.config.Depth*reply))
	}
	c.limit, c.renewed, c.left = patience, -writeTime, r.each
	c.end = time.Now().Add(r.length + patience)
	return c.noteEnd(c.net.SetReadDeadline(c.end))
}

// work implements Worker.
func (c *Conn) work(r *round) error {
	more, err := c.start(r)
	for more && err == nil {
		var n int
		n, err = c.net.Read(c.in[c.fill:])
		c.fill += n
		more, err = c.arrived(r, err)
	}
	return err
}

// start begins the first operations.
func (c *Conn) start(r *round) (more bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.goOn(r, r.now())
}

// arrived handles the replies that have come, and goes on. It reports whether to read again.
// why is the error of the read.
func (c *Conn) arrived(r *round, why error) (more bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := r.now()
	if err := c.take(now); err != nil {
		return false, c.noteEnd(err)
	}
	switch late := errors.Is(why, os.ErrDeadlineExceeded); {
	case c.broken != nil:
		return false, c.broken
	case why != nil && !late:
		return false, c.noteEnd(fmt.Errorf("%w: %w", client.ErrEnded, why))
	case late && c.isBusy() && !(c.stuck && time.Now().Before(c.end)):
		return false, c.noteEnd(noReply(c.limit))
	}
	return c.goOn(r, now)
}

// take checks the whole replies in the buffer, and keeps the rest.
func (c *Conn) take(now time.Duration) error {
	in, done := c.in[:c.fill], int64(0)
	for len(in) >= wire.HeadSize {
		size := int(wire.Size(in))
		if size < wire.HeadSize || size > len(c.in) {
			return fmt.Errorf("a reply of %d bytes", size)
		}
		if size > len(in) {
			break
		}
		m := wire.Frame(in[:size])
		in = in[size:]
		tag := m.Tag()
		if int(tag) >= len(c.slots) || c.slots[tag].request == 0 {
			return fmt.Errorf("a reply to no request, with tag %d", tag)
		}
		ended, err := c.answered(tag, m)
		if err != nil {
			return err
		}
		if ended {
			s := &c.slots[tag]
			c.tally.add(s.kind, s.due, now, s.refused)
			c.free = append(c.free, tag)
			done++
		}
	}
	c.fill = copy(c.in, in)
	c.tally.tell()
	c.done.Add(done)
	return nil
}

// goOn begins the operations that are due, as far as there are free slots. Then it sends all
// requests. It reports whether to read again.
func (c *Conn) goOn(r *round, now time.Duration) (more bool, err error) {
	for n := len(c.free); n > 0 && c.left != 0; n-- {
		due, ok := r.next(now)
		if !ok {
			break
		}
		tag := c.free[n-1]
		c.free = c.free[:n-1]
		c.left--
		c.begin(tag, due)
	}
	if err := c.send(r, now); err != nil {
		return false, c.noteEnd(err)
	}
	return c.isBusy() || c.left != 0 && r.goesOn(), nil
}

// send writes all requests that wait, or as much as the server takes. The rest is sent after
// the next replies, or after a while.
func (c *Conn) send(r *round, now time.Duration) error {
	if len(c.out) == 0 {
		return nil
	}
	if now-c.renewed > writeTime/2 {
		c.renewed = now
		if err := c.net.SetWriteDeadline(r.start.Add(now + writeTime)); err != nil {
			return fmt.Errorf("%w: %w", client.ErrEnded, err)
		}
	}
	n, err := c.net.Write(c.out)
	c.out = c.out[:copy(c.out, c.out[n:])]
	if late := errors.Is(err, os.ErrDeadlineExceeded); err != nil && !late {
		return fmt.Errorf("%w: %w", client.ErrEnded, err)
	} else if late || c.stuck {
		return c.setStuck(late)
	}
	return nil
}

// setStuck notes whether requests wait to be sent. While they do, reads have a short
// deadline.
func (c *Conn) setStuck(stuck bool) error {
	c.stuck = stuck
	end := c.end
	if stuck {
		c.renewed = -writeTime
		end = time.Now().Add(writeTime)
	}
	if err := c.net.SetReadDeadline(end); err != nil {
		return fmt.Errorf("%w: %w", client.ErrEnded, err)
	}
	return nil
}

// isBusy reports whether operations are under way.
func (c *Conn) isBusy() bool { return len(c.free) < len(c.slots) }

// noteEnd notes an error, after which the connection can only be closed.
func (c *Conn) noteEnd(err error) error {
	if err != nil && c.broken == nil {
		c.broken = err
	}
	return err
}

// offer implements waiter.
func (c *Conn) offer(r *round) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil || len(c.free) == 0 {
		return
	}
	if _, err := c.goOn(r, r.now()); err != nil {
		_ = c.net.SetReadDeadline(past) // work returns the error
	}
}

// stop implements Worker.
func (c *Conn) stop(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit, c.end = limit, time.Now().Add(limit)
	if !c.isBusy() {
		c.end = past
	}
	if !c.stuck {
		_ = c.net.SetReadDeadline(c.end) // fails on a closed connection, and so does the read
	}
}
