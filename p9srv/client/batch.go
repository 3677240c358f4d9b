package client

import (
	"context"

	"fullex/p9srv/wire"
)

// Op is a read or write of a batch.
type Op struct {
	File   *File
	Write  bool   // a write of P; else a read into P
	P      []byte // one message carries at most Unit bytes of it
	Offset int64

	N    int    // result: bytes
	Err  error  // result, as ReadAt or WriteAt returns it
	Turn uint64 // result: number of the reply, which rises with each; 0: there was none

	call *call // nil: the request could not be made
}

// Batch sends the requests of all ops with one write, and returns when each has its result.
// The Files must belong to this connection. The server may work on all requests at the same
// time.
func (k *Conn) Batch(ctx context.Context, ops []Op) {
	for i := range ops {
		ops[i].begin(ctx)
	}
	if k.memory != nil {
		k.exchangeAll(ctx, ops)
	} else {
		k.stream.doAll(ctx, ops)
	}
	for i := range ops {
		ops[i].end()
	}
}

// begin prepares the request.
func (o *Op) begin(ctx context.Context) {
	o.N, o.Turn = 0, 0
	if o.Err = ctx.Err(); o.Err != nil {
		return
	}
	if o.Err = o.File.use(); o.Err != nil {
		return
	}
	c := newCall()
	if o.Err = o.prepare(c); o.Err != nil {
		c.free()
		o.File.endUse()
		return
	}
	o.call = c
}

func (o *Op) prepare(c *call) error {
	if o.Write {
		return o.File.prepareWrite(c, o.P, o.Offset)
	}
	return o.File.prepareRead(c, o.P, o.Offset)
}

func (k *Conn) exchangeAll(ctx context.Context, ops []Op) {
	for i := range ops {
		if o := &ops[i]; o.call != nil {
			o.Err, o.call.turn = k.exchange(ctx, o.call), uint64(i)+1
		}
	}
}

// doAll is like do, for the requests of many ops.
func (s *stream) doAll(ctx context.Context, ops []Op) {
	p := &patience{ctx: ctx, all: make([]*call, 0, len(ops))}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range ops {
		c := ops[i].call
		if c == nil {
			continue
		}
		if err := s.enter(c); err != nil {
			c.done, c.err = true, err
		}
		p.all = append(p.all, c)
	}
	for i := range ops {
		if c := ops[i].call; c != nil {
			ops[i].Err = s.await(p, c)
		}
	}
}

// end sets the result.
func (o *Op) end() {
	if c := o.call; c != nil {
		o.call, o.Turn = nil, c.turn
		if o.Err == nil {
			o.Err = refusal(c.reply)
		}
		if o.Err == nil {
			o.N, o.Err = o.result(c.reply.Body())
		}
		o.File.note(o.Err)
		o.File.endUse()
		c.free()
	}
	o.Err = o.File.wrap(o.name(), o.Err)
}

func (o *Op) result(body wire.Cursor) (int, error) {
	if o.Write {
		return countOf(body, len(o.P))
	}
	return dataOf(body, o.P)
}

// name returns the call's name, for errors.
func (o *Op) name() string {
	if o.Write {
		return "write"
	}
	return "read"
}
