package load

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"fullex/device"
	"fullex/p9srv/wire"
)

// readAhead is the size of the buffer for replies. Thousands of clients may be
// open at a time.
const readAhead = 1 << 10

// Client sends requests and waits for their replies. It is for all that is not
// timed to the microsecond: setting up, and opening and closing in large
// numbers. Between two calls nothing is in flight, so the connection can be
// handed to a load generator. Not safe for concurrent use.
type Client struct {
	Conn net.Conn

	in    *bufio.Reader
	out   []byte
	types []wire.Type // of the requests in out, in order
}

// Dial connects to a unix socket and starts a 9P session: fid 0 is the root
// that aname names.
func Dial(socket string, msize uint32, aname string, uid uint32) (*Client, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := &Client{Conn: conn, in: bufio.NewReaderSize(conn, readAhead)}
	if err := c.start(msize, aname, uid); err != nil {
		return nil, errors.Join(fmt.Errorf("start a 9P session: %w", err), conn.Close())
	}
	return c, nil
}

// start agrees the version before anything else is sent (version(5)).
func (c *Client) start(msize uint32, aname string, uid uint32) error {
	c.add(wire.Tversion, wire.AppendVersion(c.out, wire.Tversion, wire.NoTag, msize, wire.Version9P2000L))
	if err := c.Flush(); err != nil {
		return err
	}
	c.add(wire.Tattach, wire.AppendAttach(c.out, c.tag(), 0, aname, uid))
	return c.Flush()
}

// Walk adds a Twalk.
func (c *Client) Walk(fid, newFID uint32, names ...string) {
	c.add(wire.Twalk, wire.AppendWalk(c.out, c.tag(), fid, newFID, names...))
}

// Open adds a Tlopen.
func (c *Client) Open(fid uint32) {
	c.add(wire.Tlopen, wire.AppendOpen(c.out, c.tag(), fid, syscall.O_RDWR))
}

// Read adds a Tread of one value.
func (c *Client) Read(fid uint32) {
	c.add(wire.Tread, wire.AppendRead(c.out, c.tag(), fid, 0, device.ValueSize))
}

// Write adds a Twrite.
func (c *Client) Write(fid uint32, data ...byte) {
	c.add(wire.Twrite, wire.AppendWrite(c.out, c.tag(), fid, 0, data))
}

// Push adds a Twrite of one value.
func (c *Client) Push(fid uint32, value uint32) {
	c.add(wire.Twrite, appendPush(c.out, c.tag(), fid, value))
}

// Clunk adds a Tclunk.
func (c *Client) Clunk(fid uint32) {
	c.add(wire.Tclunk, wire.AppendFID(c.out, wire.Tclunk, c.tag(), fid))
}

// Waiting returns how many requests wait for Flush.
func (c *Client) Waiting() int { return len(c.types) }

// add notes that out has a request of that type at its end.
func (c *Client) add(typ wire.Type, out []byte) {
	c.types = append(c.types, typ)
	c.out = out
}

// tag returns the tag that the next request must have.
func (c *Client) tag() uint16 { return uint16(len(c.types)) }

// Flush sends the requests that wait and reads their replies, which must be of
// the right types and come in order, as those of a server do that answers
// strictly in order. One request at a time suits any server.
func (c *Client) Flush() error {
	if err := c.Conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("set a deadline: %w", err)
	}
	if _, err := c.Conn.Write(c.out); err != nil {
		return fmt.Errorf("send requests: %w", err)
	}
	types := c.types
	c.out, c.types = c.out[:0], c.types[:0]
	for _, typ := range types {
		if err := c.reply(typ); err != nil {
			return fmt.Errorf("request of type %d: %w", typ, err)
		}
	}
	return nil
}

// reply reads one reply and drops its body.
func (c *Client) reply(typ wire.Type) error {
	head, err := c.in.Peek(wire.HeadSize)
	if err != nil {
		return fmt.Errorf("read the reply: %w", err)
	}
	size, got := int(wire.Size(head)), wire.Frame(head).Type()
	if got == wire.Rlerror {
		return c.refusal(size)
	}
	if got != typ+1 {
		return fmt.Errorf("the reply has type %d", got)
	}
	if size < wire.HeadSize {
		return fmt.Errorf("the reply has size %d", size)
	}
	if _, err := c.in.Discard(size); err != nil {
		return fmt.Errorf("read the reply's body: %w", err)
	}
	return nil
}

// refusal reads an wire.Rlerror and returns its errno.
func (c *Client) refusal(size int) error {
	if size != wire.RlerrorSize {
		return fmt.Errorf("an wire.Rlerror of size %d", size)
	}
	frame := make([]byte, size)
	if _, err := io.ReadFull(c.in, frame); err != nil {
		return fmt.Errorf("read an wire.Rlerror: %w", err)
	}
	return fmt.Errorf("refused: %w", syscall.Errno(le.Uint32(frame[wire.HeadSize:])))
}

// Close closes the connection.
func (c *Client) Close() error { return c.Conn.Close() }
