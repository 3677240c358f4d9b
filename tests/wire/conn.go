package wire

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Errors of a [Conn].
var (
	ErrNoReply = errors.New("no reply")          // within Patience
	ErrClosed  = errors.New("connection closed") // by the peer
)

// defaultPatience is long enough for a loaded machine. It also limits how long a peer may
// take to read.
const defaultPatience = 10 * time.Second

// Conn is a client's end of a connection, with messages as text. Only one goroutine may use
// it. A goroutine of its own writes the requests: a peer may read no more of them before
// its replies are read.
type Conn struct {
	// Patience is how long to wait for a reply.
	Patience time.Duration
	// Piece is how many bytes are written at once; 0: all. A long request is cut only
	// at its ends. Piece is set before the first request.
	Piece int
	// Vars are what the $names of replies stand for.
	Vars Vars

	net     net.Conn
	in      *bufio.Reader
	queue   chan []byte
	written chan struct{} // closed when the queue is closed and written
	closed  bool

	lastTag uint16
	open    []uint16 // tags of requests without a reply, oldest first
	msize   uint32   // agreed; 0: not yet
}

// queueSize is how many writes may wait for the peer to read.
const queueSize = 1024

// NewConn returns a Conn on a connection, which Close closes.
func NewConn(c net.Conn) *Conn {
	conn := &Conn{
		Patience: defaultPatience,
		Vars:     make(Vars),
		net:      c,
		in:       bufio.NewReader(c),
		queue:    make(chan []byte, queueSize),
		written:  make(chan struct{}),
	}
	go conn.write()
	return conn
}

// write writes what is queued. After an error it drops the rest: Receive then returns an
// error, too.
func (c *Conn) write() {
	defer close(c.written)
	var err error
	for b := range c.queue {
		if err == nil {
			err = c.writePieces(b)
		}
	}
}

func (c *Conn) writePieces(b []byte) error {
	if err := c.net.SetWriteDeadline(time.Now().Add(defaultPatience)); err != nil {
		return err
	}
	for _, part := range pieces(b, c.Piece) {
		if _, err := c.net.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// pieces cuts b into pieces of a size. The middle of a long b stays whole: 60,000 writes of
// a byte take seconds and show no more than some hundreds.
func pieces(b []byte, size int) [][]byte {
	const most = 256 // pieces at each end
	if size == 0 || len(b) <= size {
		return [][]byte{b}
	}
	if len(b) <= 2*most*size {
		return slices.Collect(slices.Chunk(b, size))
	}
	head, middle, tail := b[:most*size], b[most*size:len(b)-most*size], b[len(b)-most*size:]
	parts := append(slices.Collect(slices.Chunk(head, size)), middle)
	return slices.AppendSeq(parts, slices.Chunk(tail, size))
}

// Close writes what was sent and closes the connection. It may be called again.
func (c *Conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	close(c.queue)
	<-c.written
	return c.net.Close()
}

// Send sends requests, all in one write.
func (c *Conn) Send(requests ...string) error {
	var all []byte
	for _, request := range requests {
		s, err := parseStep("> " + request)
		if err != nil {
			return err
		}
		all = append(all, c.tagged(s)...)
	}
	c.queue <- all
	return nil
}

// tagged returns the frame of a request with its tag, and notes that it has no
// reply yet.
func (c *Conn) tagged(s step) []byte {
	frame := slices.Clone(s.frame)
	if len(frame) < headSize {
		return frame
	}
	if !s.raw {
		tag := s.tag
		if tag == nil {
			c.lastTag++
			tag = &c.lastTag
		}
		le.PutUint16(frame[5:], *tag)
	}
	c.open = append(c.open, le.Uint16(frame[5:]))
	return frame
}

// Receive returns the next frame. It checks only that the frame is not larger than the
// agreed msize.
func (c *Conn) Receive() ([]byte, error) {
	// A connection that takes no deadline any more may still have bytes.
	_ = c.net.SetReadDeadline(time.Now().Add(c.Patience))
	frame, err := ReadFrame(c.in)
	if err != nil {
		return nil, ending(err)
	}
	if frame[4] == typeRversion && len(frame) >= headSize+4 {
		c.msize = le.Uint32(frame[headSize:])
	} else if c.msize != 0 && uint64(len(frame)) > uint64(c.msize) {
		return nil, fmt.Errorf("a frame of %d bytes, the msize is %d", len(frame), c.msize)
	}
	return frame, nil
}

// ending returns ErrNoReply or ErrClosed for the errors that mean these, and else err.
func ending(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrNoReply
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ErrClosed
	}
	return err
}

// Ask sends one request and returns the text of its reply.
func (c *Conn) Ask(request string) (string, error) {
	if err := c.Send(request); err != nil {
		return "", err
	}
	frame, err := c.Receive()
	if err != nil {
		return "", fmt.Errorf("%s: %w", request, err)
	}
	text, tag := Decode(frame)
	if want := c.open[0]; tag != want {
		return text, fmt.Errorf("%s: the reply %q has tag %d, want %d", request, text, tag, want)
	}
	c.open = c.open[1:]
	return text, nil
}

// Data returns the bytes of an Rread that [Conn.Ask] returned.
func Data(reply string) ([]byte, error) {
	text, ok := strings.CutPrefix(reply, "Rread hex:")
	if !ok {
		return nil, fmt.Errorf("%q is not an Rread", reply)
	}
	return hex.DecodeString(text)
}

// expect receives a reply and compares it with the expected one.
func (c *Conn) expect(s step) error {
	frame, err := c.Receive()
	if err != nil {
		return fmt.Errorf("%w, want %q", err, s.text)
	}
	if err := c.Vars.Match(s.text, frame); err != nil {
		return err
	}
	return c.answered(le.Uint16(frame[5:]), s.tag)
}

// answered checks the tag of a reply: want, or that of the oldest request.
func (c *Conn) answered(tag uint16, want *uint16) error {
	if want == nil && len(c.open) > 0 {
		want = &c.open[0]
	}
	if want == nil || tag != *want {
		return fmt.Errorf("a reply with tag %d to the requests with tags %v", tag, c.open)
	}
	if i := slices.Index(c.open, tag); i >= 0 {
		c.open = slices.Delete(c.open, i, i+1)
	}
	return nil
}

// expectEnd waits until the peer closes the connection, without a reply.
func (c *Conn) expectEnd() error {
	frame, err := c.Receive()
	if err == nil {
		text, _ := Decode(frame)
		return fmt.Errorf("got %q, want the connection to be closed", text)
	}
	if !errors.Is(err, ErrClosed) {
		return fmt.Errorf("%w, want the connection to be closed", err)
	}
	return c.Close()
}
