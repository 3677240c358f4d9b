// Package ninep is the 9P client of the commands: the one of hugelgupf/p9, with
// what it leaves to do.
//
// # Errors
//
// A refusal is a [syscall.Errno] of this system; a connection that is of no more
// use gives [ErrEnded].
//
// # Concurrency
//
// A Client and the files of it are safe for concurrent use.
package ninep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/outside"
	"fullex/p9srv/wire"
)

// ErrEnded stands for all the ways in which a connection can be found of no more
// use.
var ErrEnded = errors.New("the connection to the server has ended")

// Client is a connection to a server.
type Client struct {
	client *p9.Client
	conn   io.ReadWriteCloser
	direct *Direct // nil: the server is in another process
}

// New agrees a version over a connection, which belongs to the client from then
// on, also after an error.
func New(conn io.ReadWriteCloser) (*Client, error) {
	client, err := p9.NewClient(newClaimant(conn))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("agree on 9P2000.L: %w", Local(err)), ignoreClosed(conn.Close()))
	}
	c := &Client{client: client, conn: conn}
	if x, ok := conn.(Exchanger); ok {
		c.direct = NewDirect(x)
	}
	return c, nil
}

// Direct is a way around the library, or nil if the server is in another process.
func (c *Client) Direct() *Direct { return c.direct }

// Attach returns the root, for a user. The user who runs this attaches as nobody if the
// server knows him by another number, as it does outside of his user namespace.
func (c *Client) Attach(uid uint32) (p9.File, error) {
	root, err := c.attach(uid)
	if errors.Is(err, syscall.EPERM) && uid == uint32(os.Geteuid()) {
		return c.attach(wire.NoUID)
	}
	return root, err
}

func (c *Client) attach(uid uint32) (p9.File, error) {
	root, err := c.client.Attach(strconv.FormatUint(uint64(uid), 10)) // claimant knows
	if err != nil {
		return nil, fmt.Errorf("attach as uid %d: %w", uid, Local(err))
	}
	return root, nil
}

// Close ends the connection; the server closes all that is open on it.
func (c *Client) Close() error { return ignoreClosed(c.conn.Close()) }

// AwaitEnd returns when the server has ended the connection, also if nobody makes
// a request meanwhile, or when ctx has ended. It closes the client. The connection
// must be a socket, on Linux.
func (c *Client) AwaitEnd(ctx context.Context) error {
	w, err := watch(c.conn)
	if isClosed(err) {
		return nil
	}
	if err != nil {
		return errors.Join(err, c.Close())
	}
	shut := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { shut <- w.ShutDown() })
	err = w.WaitForEnd()
	if !stop() {
		err = errors.Join(err, <-shut)
	}
	return errors.Join(err, w.Close(), c.Close())
}

// watch returns a descriptor to wait for the peer's end with: reading the connection
// itself is for who waits for a reply.
func watch(conn any) (outside.Descriptor, error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return -1, fmt.Errorf("reach the socket: %T has none", conn)
	}
	return outside.Duplicate(c)
}

// Within makes requests on a connection, which is closed if ctx ends meanwhile: the
// library waits for replies without looking at a context, and a connection that is
// gone ends the wait.
func Within(ctx context.Context, conn io.Closer, do func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err := do()
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("no answer, is that a 9P server? %w", ctx.Err())
	}
	return err
}

// Walk makes a fid of a path. Of a path whose first part only exists the server
// returns that part's qids and makes no fid, which the library does not notice.
func Walk(from p9.File, names []string) (p9.File, error) {
	qids, file, err := from.Walk(names)
	if err == nil && len(qids) < len(names) {
		err = syscall.ENOENT
	}
	if err != nil {
		return nil, Local(err)
	}
	return file, nil
}

// Local makes a reply's errno one of this system, and keeps other errors but
// those of an ended connection.
func Local(err error) error {
	var errno linux.Errno
	if errors.As(err, &errno) {
		return wire.Local(errno)
	}
	var end p9.ConnError // it does not unwrap to what it was made of
	if errors.As(err, &end) || isClosed(err) {
		return ErrEnded
	}
	return err
}
