package load

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"fullex/device"
	"fullex/p9srv/wire"
)

// Replies says what replies must be. All servers are checked alike, those that
// do nothing too: otherwise the load would take longer on some.
type Replies struct {
	Fixed    bool   // every reply is an Rread of four bytes
	First    uint32 // the value that comes back first
	Step     uint32 // the difference between it and the next, and so on
	AnyValue bool   // values are not looked at
}

// pushStep keeps the values that are pushed even, so that all go right.
const pushStep = 2

const (
	// rreadSize is an Rread with one value.
	rreadSize = wire.RreadHead + device.ValueSize
	// largestReply is an Rwalk of two names.
	largestReply = wire.HeadSize + 2 + 2*wire.QIDSize
)

// le is the byte order of 9P.
var le = binary.LittleEndian

// appendPush appends a Twrite of one value.
func appendPush(b []byte, tag uint16, fid uint32, value uint32) []byte {
	b = wire.AppendWrite(b, tag, fid, 0, make([]byte, device.ValueSize))
	le.PutUint32(b[len(b)-device.ValueSize:], value)
	return b
}

// smallest is the least size of the buffer for replies.
const smallest = 256

// Conn is one connection of the load with its requests in flight. Not safe for
// concurrent use.
type Conn struct {
	net    net.Conn
	script Script
	fid    uint32
	depth  int // requests in flight
	want   Replies

	in   []byte
	fill int    // bytes in in: the part of a reply
	out  []byte // requests to send

	sent     []wire.Type // by tag: the type of the request in flight; 0: none
	inFlight int
	next     int    // step of the script
	push     uint32 // the next value to push
}

// NewConn returns a connection that keeps depth requests of a script in flight, about
// one fid. push is the first value to be written, an even one.
func NewConn(c net.Conn, script Script, fid uint32, depth int, push uint32, want Replies) *Conn {
	return &Conn{
		net: c, script: script, fid: fid, depth: depth, want: want, push: push,
		in:   make([]byte, max(smallest, depth*largestReply)),
		sent: make([]wire.Type, depth),
	}
}

// run keeps the requests in flight until stop returns true and all replies are
// there, and returns how many came.
func (c *Conn) run(stop func() bool) (ops int, err error) {
	for tag := range c.depth {
		c.request(uint16(tag))
	}
	for c.inFlight > 0 {
		if err := c.send(); err != nil {
			return ops, err
		}
		n, err := c.net.Read(c.in[c.fill:])
		if err != nil {
			return ops, fmt.Errorf("read replies, %d of %d there: %w", c.depth-c.inFlight, c.depth, err)
		}
		c.fill += n
		n, err = c.take(!stop())
		ops += n
		if err != nil {
			return ops, err
		}
	}
	return ops, nil
}

// send writes the requests that wait, all at once.
func (c *Conn) send() error {
	if len(c.out) == 0 {
		return nil
	}
	if _, err := c.net.Write(c.out); err != nil {
		return fmt.Errorf("send requests: %w", err)
	}
	c.out = c.out[:0]
	return nil
}

// request appends the next request.
func (c *Conn) request(tag uint16) {
	step := c.script.steps[c.next]
	c.out = step.append(c.out, tag, c.fid, c.push)
	c.sent[tag] = step.typ
	if step.typ == wire.Twrite {
		c.push += pushStep
	}
	if c.next++; c.next == len(c.script.steps) {
		c.next = 0
	}
	c.inFlight++
}

// take checks the whole replies that arrived and, if the load goes on, puts a
// new request in the place of each.
func (c *Conn) take(again bool) (ops int, err error) {
	in := c.in[:c.fill]
	for len(in) >= wire.HeadSize {
		size := int(wire.Size(in))
		if size < wire.HeadSize || size > len(c.in) {
			return ops, fmt.Errorf("a reply of size %d", size)
		}
		if size > len(in) {
			break
		}
		tag := wire.Frame(in).Tag()
		if err := c.verify(in[:size], tag); err != nil {
			return ops, err
		}
		c.sent[tag] = 0
		c.inFlight--
		ops++
		if again {
			c.request(tag)
		}
		in = in[size:]
	}
	c.fill = copy(c.in, in)
	return ops, nil
}

// verify checks one reply.
func (c *Conn) verify(reply []byte, tag uint16) error {
	if int(tag) >= c.depth || c.sent[tag] == 0 {
		return fmt.Errorf("a reply with tag %d, which is not in flight", tag)
	}
	want := c.sent[tag] + 1
	if c.want.Fixed {
		want = wire.Rread
	}
	if got := wire.Frame(reply).Type(); got != want {
		return fmt.Errorf("a reply of type %d instead of %d: % x", got, want, reply)
	}
	if !c.script.valued {
		return nil
	}
	if len(reply) < wire.RwriteSize || le.Uint32(reply[wire.HeadSize:]) != device.ValueSize {
		return fmt.Errorf("a reply whose count is not 4: % x", reply)
	}
	if c.sent[tag] == wire.Tread {
		return c.verifyValue(reply)
	}
	return nil
}

// verifyValue checks the value in an Rread.
func (c *Conn) verifyValue(reply []byte) error {
	if len(reply) != rreadSize {
		return fmt.Errorf("an Rread of size %d", len(reply))
	}
	got := le.Uint32(reply[wire.HeadSize+4:])
	if got != c.want.First && !c.want.AnyValue {
		return fmt.Errorf("popped %d instead of %d", got, c.want.First)
	}
	c.want.First += c.want.Step
	return nil
}

// setDeadline bounds all waiting of a run.
func (c *Conn) setDeadline(t time.Time) error {
	if err := c.net.SetDeadline(t); err != nil {
		return fmt.Errorf("set a deadline: %w", err)
	}
	return nil
}

// Close closes the connection.
func (c *Conn) Close() error { return c.net.Close() }
