package client

import (
	"sync"

	"fullex/p9srv/wire"
)

// call is a request and its reply. It belongs to its caller: the stream drops it before the
// caller goes on.
type call struct {
	request []byte     // one message, whose tag the stream sets
	reply   wire.Frame // has passed check
	flushed bool       // a Tflush was sent before the reply came

	// ready receives a token when done is set, and when this caller must read or write for
	// others.
	ready chan struct{}

	// The stream's mu guards the fields below.
	tag     uint16
	done    bool
	err     error  // why there is no reply
	turn    uint64 // number of the reply, counted on the connection from 1
	asleep  bool   // its caller waits for ready
	flush   *call  // the Tflush of this call; nil: there is none, or it was refused
	flushes uint16 // of a Tflush: the tag to flush
	dead    bool   // given up, as is its flush
	orphan  bool   // no caller waits, and the stream frees it
	late    func() // runs when an orphan is answered; may be nil
}

// calls are unused calls. They keep their buffers, which are most of a request's cost.
var calls = sync.Pool{New: func() any { return &call{ready: make(chan struct{}, 1)} }}

// keptBuffer is the largest buffer that an unused call keeps, in bytes.
const keptBuffer = 4 << 10

func newCall() *call { return calls.Get().(*call) }

// free gives the call back. Its request and reply must not be used after that.
func (c *call) free() {
	if cap(c.request) > keptBuffer || cap(c.reply) > keptBuffer {
		return
	}
	select {
	case <-c.ready: // a token that came too late to be needed
	default:
	}
	*c = call{request: c.request[:0], reply: c.reply[:0], ready: c.ready}
	calls.Put(c)
}

// orphaned returns a copy for the stream of a call whose caller leaves before the reply.
func (c *call) orphaned() *call {
	o := newCall()
	o.request = append(o.request, c.request[:wire.HeadSize]...)
	o.tag, o.flush, o.late, o.orphan = c.tag, c.flush, c.late, true
	return o
}

// typ returns the request's type.
func (c *call) typ() wire.Type { return wire.Frame(c.request).Type() }

// signal gives the caller a token.
func (c *call) signal() {
	select {
	case c.ready <- struct{}{}:
	default: // it has one
	}
}
