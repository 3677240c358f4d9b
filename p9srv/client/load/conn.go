package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"fullex/p9srv/client"
)

// Conn is a connection with operations under way. It is a [Worker].
type Conn struct {
	net      net.Conn
	client   *client.Conn   // nil for a fixed server
	files    []*client.File // of the sessions
	config   Config
	root     uint32     // the fid of the directory that paths begin at
	sessions []*session // at least one, which chooses operations
	done     atomic.Int64

	// Only the goroutine that reads uses the next two.
	in   []byte
	fill int // bytes in in: a part of a reply

	mu      sync.Mutex    // guards the fields below
	slots   []slot        // by tag
	free    []uint16      // tags of slots without an operation
	left    int64         // operations that may begin; negative: no limit
	out     []byte        // requests to send
	renewed time.Duration // when the write deadline was set, since the run's start
	stuck   bool          // the server did not take all requests; the rest waits
	end     time.Time     // when waiting for replies ends
	tally   tally
	limit   time.Duration // how long the last replies may take
	broken  error         // why the connection can only be closed; nil: it can be used
}

var (
	_ Worker = (*Conn)(nil)
	_ waiter = (*Conn)(nil)
)

// New opens the sessions below a directory of a client. It gives up when ctx ends. The client
// belongs to the Conn from then on: after an error New closes it. No call of the client may
// be under way.
func New(ctx context.Context, k *client.Conn, root *client.File, config Config) (*Conn, error) {
	c, err := open(ctx, k, root, config)
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return c, nil
}

func open(ctx context.Context, k *client.Conn, root *client.File, config Config) (*Conn, error) {
	c := newConn(nil, config)
	c.client, c.root = k, root.FID()
	last := c.root
	for i := range config.Sessions {
		s := newSession(&config, 0, i)
		file, err := s.open(ctx, k, root, config)
		if err != nil {
			return nil, err
		}
		s.fid = file.FID()
		last = max(last, s.fid)
		c.files, c.sessions = append(c.files, file), append(c.sessions, s)
	}
	c.divide(last)
	var err error
	c.net, err = k.Lend()
	return c, err
}

// NewFixed returns a Conn whose Check is Fixed. It opens nothing at the server, which does
// nothing.
func NewFixed(conn net.Conn, config Config) *Conn {
	config.Check = Fixed
	c := newConn(conn, config)
	for i := range config.Sessions {
		s := newSession(&config, uint32(i+1), i)
		for range config.Fill {
			s.push()
		}
		c.sessions = append(c.sessions, s)
	}
	c.divide(uint32(config.Sessions))
	return c
}

func newConn(conn net.Conn, config Config) *Conn {
	if config.OpenPath == nil {
		config.OpenPath = func() []string { return config.Path }
	}
	return &Conn{net: conn, config: config, limit: patience, tally: tally{to: config.Recorder}}
}

// divide gives each slot its session, and a fid of its own above last.
func (c *Conn) divide(last uint32) {
	if len(c.sessions) == 0 {
		c.sessions = []*session{newSession(&c.config, 0, 0)} // it only chooses operations
	}
	c.slots = make([]slot, c.config.Depth)
	for i := range c.slots {
		c.slots[i].session = c.sessions[i%len(c.sessions)]
		c.slots[i].spare = last + 1 + uint32(i)
	}
	for i := range c.slots {
		c.free = append(c.free, uint16(len(c.slots)-1-i)) // the first is taken first
	}
}

// open opens the device, sets its capacity and fills its deque.
func (s *session) open(ctx context.Context, k *client.Conn, root *client.File, config Config) (*client.File, error) {
	file, err := root.OpenFile(ctx, syscall.O_RDWR, config.Path...)
	if err != nil {
		return nil, err
	}
	if _, err := file.WriteAt(ctx, []byte{Capacity}, 0); err != nil {
		return nil, fmt.Errorf("set the capacity: %w", err)
	}
	return file, s.prefill(ctx, k, file, config.Fill)
}

// prefill pushes values in one batch.
func (s *session) prefill(ctx context.Context, k *client.Conn, file *client.File, n int) error {
	ops, values := make([]client.Op, n), make([]operation, n)
	for i := range ops {
		values[i] = s.push()
		ops[i] = client.Op{File: file, Write: true, P: le.AppendUint32(nil, values[i].value)}
	}
	k.Batch(ctx, ops)
	for i, op := range ops {
		if op.Err != nil {
			return fmt.Errorf("fill the deque: %w", op.Err)
		}
		if _, err := s.judge(values[i], outcome{n: op.N}); err != nil {
			return fmt.Errorf("fill the deque: %w", err)
		}
	}
	return nil
}

// Done implements [Worker].
func (c *Conn) Done() int64 { return c.done.Load() }

// Close implements [Worker]. It closes the devices, unless a run has failed, and the
// connection.
func (c *Conn) Close() error {
	if c.client == nil {
		return c.net.Close()
	}
	err := c.closeFiles()
	if err := errors.Join(err, c.client.Close()); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// closeFiles closes the files of the sessions. The server may take as long as after a run.
func (c *Conn) closeFiles() error {
	if c.broken != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	defer cancel()
	for _, file := range c.files {
		err := file.Close(ctx)
		if ctx.Err() != nil {
			return noReply(c.limit)
		}
		if err != nil && !errors.Is(err, client.ErrEnded) {
			return err
		}
	}
	return nil
}
