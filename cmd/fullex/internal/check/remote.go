package check

import (
	"context"
	"io/fs"
	"os"
	"time"

	"fullex/cmd/fullex/internal/ninep"
	"fullex/cmd/fullex/internal/target"
)

// dialTime is how long an endpoint may take to let a client in.
const dialTime = 10 * time.Second

// remote is a client that is a connection, attached as the user who runs this.
type remote struct {
	target target.Target
	place  place
	number int // at the door pid
}

var (
	_ Opener    = (*remote)(nil)
	_ Tree      = (*remote)(nil)
	_ Describer = (*remote)(nil)
)

// dialRemote connects. A server may take connections of one process for one
// client, which number then tells apart at the door pid.
func dialRemote(p place, number int) (Opener, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTime)
	defer cancel()
	t, err := target.Open(ctx, p.target)
	if err != nil {
		return nil, err
	}
	return &remote{t, p, number}, nil
}

// device is the path of the device.
func (r *remote) device() string { return r.place.device(r.number) }

// Traits implements Opener.
func (r *remote) Traits() Traits {
	t := r.place.traits
	t.Path = "/" + r.device()
	return t
}

// Open implements Opener.
func (r *remote) Open(flags int) (File, error) { return r.OpenFile(r.device(), flags) }

// OpenFile implements Tree.
func (r *remote) OpenFile(path string, flags int) (File, error) { return r.target.Open(path, flags) }

// Stat implements Describer.
func (r *remote) Stat() (mode fs.FileMode, size int64, err error) {
	e, err := r.target.Stat(r.device())
	return e.Mode, e.Size, err
}

// Order implements Orderer.
func (r *remote) Order(n int) ([]int, error) {
	e, _ := r.place.target.Endpoint()
	ctx, cancel := context.WithTimeout(context.Background(), dialTime)
	defer cancel()
	conn, err := e.Dial(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // it is done, or of no use
	if err := conn.SetDeadline(time.Now().Add(dialTime)); err != nil {
		return nil, err
	}
	return ninep.Order(conn, uint32(os.Geteuid()), []string{string(Each), r.place.name}, n)
}

// Kill implements Opener: the connection is gone, without a word before.
func (r *remote) Kill() error { return r.target.Close() }
