package trace

import (
	"path"
	"sync"
	"time"

	"fullex/p9srv/wire"
)

// conversation is what is known of a connection from the messages so far. Requests
// are taken to be done in their order, as a client that sends several at once
// expects: a fid stands for its path from its Twalk on, and again for what it stood
// for before if that is refused.
type conversation struct {
	number   uint64    // immutable
	queue    *Queue    // immutable
	recorder *Recorder // immutable; nil: nothing is recorded

	mu         sync.Mutex // guards the fields below: directions meet here
	directions [2]framer  // requests, replies
	fids       map[uint32]*fid
	requests   inFlight
	unused     []*request
	sessions   map[client]*fid   // by who may have one only; the last if there are more
	open       map[*fid]struct{} // those with a session
}

// fid is what one stands for. A fid that is walked again is another one.
type fid struct {
	path    string // from the root of the tree
	uid     uint32 // who attached
	session *session
}

// request is one in flight.
type request struct {
	typ    wire.Type
	at     time.Time
	number uint32 // of the fid
	fid    *fid   // nil: unknown, or it has none

	newNumber uint32 // of the fid that it makes
	newFID    *fid   // nil: it makes none
	before    *fid   // what that number stood for
	names     int    // of a Twalk
	flushed   uint16 // of a Tflush

	size uint32 // of a Tread, in bytes
	data []byte // of a Twrite
}

func newConversation(number uint64, queue *Queue, recorder *Recorder) *conversation {
	return &conversation{
		number: number, queue: queue, recorder: recorder,
		fids:     make(map[uint32]*fid),
		sessions: make(map[client]*fid), open: make(map[*fid]struct{}),
	}
}

// note prints a line about the connection.
func (c *conversation) note(text string) {
	c.queue.add(&event{conn: c.number, at: time.Now(), note: text})
}

// requested looks at bytes of the client, before they go to the server.
func (c *conversation) requested(p []byte) { c.pass(p, false) }

// replied looks at bytes of the server, before they go to the client: behind them
// could come a request that has the same tag.
func (c *conversation) replied(p []byte) { c.pass(p, true) }

func (c *conversation) pass(p []byte, reply bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, at := new(event), time.Now()
	direction, from := &c.directions[0], "client"
	if reply {
		direction, from = &c.directions[1], "server"
	}
	lostBefore := direction.lost
	direction.cut(p, func(frame wire.Frame, size uint32) {
		*e = event{conn: c.number, at: at, reply: reply, size: size}
		c.look(e, frame)
	})
	if direction.lost && !lostBefore {
		c.note("not 9P: the " + from + " sent a size below 7; what follows from there is passed on unseen")
	}
}

// look learns from a message and prints it.
func (c *conversation) look(e *event, frame wire.Frame) {
	whole := int64(len(frame)) == int64(e.size)
	copy(e.head[:], frame)
	if whole && len(frame) <= maxShown {
		e.frame = frame
	}
	if e.reply {
		c.lookAtReply(e, frame)
	} else {
		c.lookAtRequest(e, frame, whole)
	}
	c.queue.add(e)
}

func (c *conversation) lookAtRequest(e *event, frame wire.Frame, whole bool) {
	r := c.newRequest()
	r.typ, r.at = frame.Type(), e.at
	c.requests.put(frame.Tag(), r)
	if number, ok := fidOf(frame); ok {
		r.number, r.fid = number, c.fids[number]
		e.fid = number
	}
	if r.fid != nil {
		e.path = r.fid.path
	}
	switch r.typ {
	case wire.Tread, wire.Twrite:
		c.keepCall(r, frame, whole)
	case wire.Tclunk, wire.Tremove: // the number is free, whatever the server says
		if r.fid != nil && c.fids[r.number] == r.fid {
			delete(c.fids, r.number)
		}
	case wire.Tflush:
		r.flushed = uint16(frame.Field("oldtag").Uint())
	case wire.Tattach, wire.Twalk, wire.Txattrwalk:
		c.expect(r, frame)
	case wire.Tlcreate:
		r.before = r.fid
		if _, ok := frame.Fields(); ok && r.fid != nil {
			r.newNumber, r.newFID = r.number, &fid{path: path.Join(r.fid.path, string(frame.Field("name").Data())), uid: r.fid.uid}
			c.fids[r.number] = r.newFID
		}
	}
	if r.newFID != nil {
		e.newPath = r.newFID.path
	}
}

// newRequest returns one that was used, if there is one.
func (c *conversation) newRequest() *request {
	n := len(c.unused)
	if n == 0 {
		return new(request)
	}
	r := c.unused[n-1]
	c.unused = c.unused[:n-1]
	*r = request{data: r.data[:0]}
	return r
}

// expect has a request's new fid stand for what it will if nobody refuses it.
func (c *conversation) expect(r *request, frame wire.Frame) {
	if _, ok := frame.Fields(); !ok {
		return
	}
	switch r.typ {
	case wire.Tattach:
		r.newNumber = r.number
		r.newFID = &fid{path: path.Clean("/" + string(frame.Field("aname").Data())), uid: uint32(frame.Field("n_uname").Uint())}
		r.fid = nil
	case wire.Twalk:
		if r.fid == nil {
			return
		}
		walk := frame.Field("names").Names()
		r.newNumber, r.names = uint32(frame.Field("newfid").Uint()), len(walk)
		r.newFID = &fid{path: path.Join(append([]string{r.fid.path}, walk...)...), uid: r.fid.uid}
	default: // extended attributes
		if r.fid == nil {
			return
		}
		r.newNumber = uint32(frame.Field("newfid").Uint())
		r.newFID = &fid{path: r.fid.path, uid: r.fid.uid}
	}
	r.before = c.fids[r.newNumber]
	c.fids[r.newNumber] = r.newFID
}

func (c *conversation) lookAtReply(e *event, frame wire.Frame) {
	r := c.requests.take(frame.Tag())
	if r == nil {
		return
	}
	e.request, e.took, e.fid = r.typ, e.at.Sub(r.at), r.number
	if r.fid != nil {
		e.path = r.fid.path
	}
	c.settle(r, frame)
	c.unused = append(c.unused, r)
}

// settle takes a reply for the truth.
func (c *conversation) settle(r *request, frame wire.Frame) {
	done := frame.Type() == r.typ+1
	switch {
	case done && r.typ == wire.Tversion: // closes all that is open (version(5))
		c.forget()
	case done && r.typ == wire.Tflush:
		c.drop(r.flushed)
	case r.newFID != nil && (!done || r.typ == wire.Twalk && walked(frame) < r.names):
		c.takeBack(r)
	}
	if c.recorder != nil {
		c.record(r, frame, done)
	}
}

// takeBack has the number of a fid that was not made stand for what it did before.
func (c *conversation) takeBack(r *request) {
	if c.fids[r.newNumber] != r.newFID {
		return
	}
	if r.before == nil {
		delete(c.fids, r.newNumber)
		return
	}
	c.fids[r.newNumber] = r.before
}

// drop ends a request that will not be answered any more (flush(5)).
func (c *conversation) drop(tag uint16) {
	if r := c.requests.take(tag); r != nil && r.newFID != nil {
		c.takeBack(r)
	}
}

// forget ends all fids.
func (c *conversation) forget() {
	c.endSessions()
	clear(c.fids)
}

// end ends all that the connection had: the server closes what is open.
func (c *conversation) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget()
	c.note("closed")
}
