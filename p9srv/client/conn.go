package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"fullex/p9srv/wire"
)

// msizes, in bytes.
const (
	askedMsize = 64 << 10
	leastMsize = 4 << 10 // as for the Linux client
)

// Dialer is an endpoint to connect to.
type Dialer interface {
	Dial(ctx context.Context) (net.Conn, error)
}

// Exchanger is a connection within this process. Exchange answers one message at once: it
// appends the reply and returns the result.
type Exchanger interface {
	io.Closer
	Exchange(message, reply []byte) ([]byte, error)
}

// Conn is a connection to a server. Safe for concurrent use.
type Conn struct {
	memory Exchanger // nil: there is a stream
	stream *stream
	msize  uint32 // agreed
	fids   fids
}

// Connect connects to an endpoint. It gives up when ctx ends. If nobody listens there, the
// error asks whether the server runs.
func Connect(ctx context.Context, d Dialer) (net.Conn, error) {
	conn, err := d.Dial(ctx)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
		return nil, fmt.Errorf("%w (is fullex serve running there?)", err)
	}
	return conn, err
}

// Dial connects to a server and agrees with it on a version. It gives up when ctx ends.
func Dial(ctx context.Context, d Dialer) (*Conn, error) {
	conn, err := Connect(ctx, d)
	if err != nil {
		return nil, err
	}
	return New(ctx, conn)
}

// New agrees with a server on a version, over a connection. It gives up when ctx ends. The
// connection is a net.Conn, or one of package outside for callers that have a thread each.
// It belongs to the client from then on: after an error New closes it.
func New(ctx context.Context, conn io.ReadWriteCloser) (*Conn, error) {
	return NewSize(ctx, conn, askedMsize)
}

// NewSize is like New, and asks for an msize in bytes.
func NewSize(ctx context.Context, conn io.ReadWriteCloser, msize uint32) (*Conn, error) {
	s, err := newStream(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return begin(ctx, &Conn{stream: s, msize: msize})
}

// Memory agrees on a version with a server in this process. x belongs to the client from
// then on: after an error Memory closes it.
func Memory(x Exchanger) (*Conn, error) {
	return begin(context.Background(), &Conn{memory: x, msize: askedMsize})
}

// begin agrees on a version, or closes the connection.
func begin(ctx context.Context, k *Conn) (*Conn, error) {
	if err := k.version(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("agree on %s: %w", wire.Version9P2000L, err), k.Close())
	}
	return k, nil
}

func (k *Conn) version(ctx context.Context) error {
	c := newCall()
	defer c.free()
	c.request = wire.AppendVersion(c.request, wire.Tversion, wire.NoTag, k.msize, wire.Version9P2000L)
	body, err := k.do(ctx, c)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("no answer, is that a 9P server? %w", ctx.Err())
	}
	if err != nil {
		return err
	}
	msize, agreed := body.U32(), body.Str()
	if string(agreed) != wire.Version9P2000L {
		return fmt.Errorf("the server answers %q", agreed)
	}
	if msize < leastMsize || msize > k.msize {
		return fmt.Errorf("the server wants messages of %d bytes, want %d to %d", msize, leastMsize, k.msize)
	}
	k.msize = msize
	if k.stream != nil {
		k.stream.setLimit(msize)
	}
	return nil
}

// InMemory reports whether the server is in this process. Such a server answers at once.
func (k *Conn) InMemory() bool { return k.memory != nil }

// Unit returns the most that one read or write carries, in bytes.
func (k *Conn) Unit() int { return int(k.msize - wire.IOHeadSize) }

// do makes a request and returns the body of the reply. The body is the call's memory.
func (k *Conn) do(ctx context.Context, c *call) (wire.Cursor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(c.request) > int(k.msize) {
		return nil, syscall.EMSGSIZE
	}
	if err := k.exchange(ctx, c); err != nil {
		return nil, err
	}
	if err := refusal(c.reply); err != nil {
		return nil, err
	}
	return c.reply.Body(), nil
}

func (k *Conn) exchange(ctx context.Context, c *call) error {
	if k.memory == nil {
		return k.stream.do(ctx, c)
	}
	reply, err := k.memory.Exchange(c.request, c.reply[:0])
	if err != nil {
		return ended(err)
	}
	c.reply = reply
	if len(reply) < wire.HeadSize {
		return ended(errSize)
	}
	return check(c.reply, c.typ())
}

// Close ends the connection and all calls on it. The server closes all files that are open
// on the connection. Closing again is not an error.
func (k *Conn) Close() error {
	if k.memory != nil {
		return k.memory.Close()
	}
	return k.stream.close()
}
