package check

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
	p9client "fullex/p9srv/client"
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
func (r *remote) Order(n int) (order []int, err error) {
	e, _ := r.place.target.Endpoint()
	ctx, cancel := context.WithTimeout(context.Background(), dialTime)
	defer cancel()
	k, err := p9client.Dial(ctx, e)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	root, err := k.AttachSelf(ctx)
	if err != nil {
		return nil, err
	}
	f, err := root.OpenFile(ctx, syscall.O_RDWR, string(Each), r.place.name)
	if err != nil {
		return nil, err
	}
	return orderOfReads(ctx, k, f, n)
}

// orderOfReads sends reads of 4 bytes at once and returns their numbers in the order of
// the replies.
func orderOfReads(ctx context.Context, k *p9client.Conn, f *p9client.File, n int) ([]int, error) {
	reads, order := make([]p9client.Op, n), make([]int, n)
	for i := range reads {
		reads[i], order[i] = p9client.Op{File: f, P: make([]byte, contract.ValueSize)}, i
	}
	k.Batch(ctx, reads)
	for _, read := range reads {
		if read.Turn == 0 {
			return nil, read.Err
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(reads[a].Turn, reads[b].Turn) })
	return order, nil
}

// Kill implements Opener: the connection is gone, without a word before.
func (r *remote) Kill() error { return r.target.Close() }
