package client

import (
	"sync"

	"fullex/p9srv/wire"
)

// call is a request and its reply. It is its caller's; the stream forgets it before it lets
// the caller go on.
type call struct {
	request []byte     // one message, whose tag the stream sets
	reply   wire.Frame // one that passed check
	flushed bool       // the context had ended before the reply came

	// ready holds a token after done was set, and when this call is to read or write for
	// others.
	ready chan struct{}

	// The stream's mu guards the fields below.
	tag     uint16
	done    bool
	err     error  // why there is no reply
	turn    uint64 // how many replies there have been with this one
	asleep  bool   // its caller waits for ready
	flush   *call  // a Tflush of this call; nil: there is none, or it was answered
	flushes uint16 // of a Tflush: the tag that it is about
	dead    bool   // it was given up, and so was its flush
	orphan  bool   // nobody waits, and the stream frees it
	late    func() // runs when an orphan is answered; nil: nothing does
}

// calls are unused ones: with their buffers they are most of what a request costs.
var calls = sync.Pool{New: func() any { return &call{ready: make(chan struct{}, 1)} }}

// keptBuffer is the largest buffer that an unused call keeps, in bytes.
const keptBuffer = 4 << 10

func newCall() *call { return calls.Get().(*call) }

// free gives the call back. Its request and reply are of no more use then.
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

// orphaned returns what stays of a call whose caller leaves before the reply is there.
func (c *call) orphaned() *call {
	o := newCall()
	o.request = append(o.request, c.request[:wire.HeadSize]...)
	o.tag, o.flush, o.late, o.orphan = c.tag, c.flush, c.late, true
	return o
}

// typ is the request's type.
func (c *call) typ() wire.Type { return wire.Frame(c.request).Type() }

// signal gives the caller a token.
func (c *call) signal() {
	select {
	case c.ready <- struct{}{}:
	default: // it has one
	}
}
