package trace

import (
	"path"
	"sync"
	"time"

	"fullex/p9srv/wire"
)

// conversation is the state of a connection, as its messages show it. It assumes that the
// server answers requests in their order, as does a client that sends several at once.
//
// So a fid stands for its new path as soon as its Twalk is seen. If the server refuses the
// Twalk, the number stands again for what it stood for before.
type conversation struct {
	number   uint64    // immutable
	queue    *Queue    // immutable
	recorder *Recorder // immutable; nil: nothing is recorded

	mu         sync.Mutex // guards the fields below, which both directions use
	directions [2]framer  // requests, replies
	fids       map[uint32]*fid
	requests   inFlight
	unused     []*request        // answered ones, to use again
	sessions   map[owner]*fid    // the fid of the last session of each owner
	open       map[*fid]struct{} // the fids with a session
}

// fid is what the number of a fid stands for. A number that is walked again stands for
// another fid.
type fid struct {
	path    string // from the root of the tree
	uid     uint32 // of the user that attached
	session *session
}

// request is a request that is not answered yet.
type request struct {
	typ    wire.Type
	at     time.Time
	number uint32 // of the fid
	fid    *fid   // nil: unknown, or the request has none

	newNumber uint32 // of the fid that the request makes
	newFID    *fid   // nil: it makes none
	before    *fid   // what newNumber stood for before
	names     int    // of a Twalk: how many
	flushed   uint16 // of a Tflush: the tag

	size uint32 // of a Tread: its count, in bytes
	data []byte // of a Twrite
}

func newConversation(number uint64, queue *Queue, recorder *Recorder) *conversation {
	return &conversation{
		number: number, queue: queue, recorder: recorder,
		fids:     make(map[uint32]*fid),
		sessions: make(map[owner]*fid), open: make(map[*fid]struct{}),
	}
}

// note prints a line about the connection.
func (c *conversation) note(text string) {
	c.queue.add(&event{conn: c.number, at: time.Now(), note: text})
}

// requested examines bytes of the client, before they go to the server.
func (c *conversation) requested(p []byte) { c.examine(p, false) }

// replied examines bytes of the server, before they go to the client. After that the
// client could send a request with the tag of a reply in p.
func (c *conversation) replied(p []byte) { c.examine(p, true) }

func (c *conversation) examine(p []byte, reply bool) {
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
		c.note("not 9P: the " + from + " sent a size below 7; its bytes from there on are passed on but not shown")
	}
}

// look updates the state with a message and adds the message to the output.
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
	case wire.Tclunk, wire.Tremove: // the number is free even if the server refuses
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

// newRequest returns an empty request, if possible one that was used before.
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

// expect registers the fid that a request makes, as if the server had accepted the request.
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

// settle updates the state with the reply to a request.
func (c *conversation) settle(r *request, frame wire.Frame) {
	done := frame.Type() == r.typ+1
	switch {
	case done && r.typ == wire.Tversion: // it closes all fids (version(5))
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

// takeBack restores the fid that a refused request had replaced.
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

// drop forgets a request that will not be answered any more (flush(5)).
func (c *conversation) drop(tag uint16) {
	if r := c.requests.take(tag); r != nil && r.newFID != nil {
		c.takeBack(r)
	}
}

// forget ends all sessions and forgets all fids.
func (c *conversation) forget() {
	c.endSessions()
	clear(c.fids)
}

// end ends all sessions of the connection, which the server closes when the connection ends.
func (c *conversation) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget()
	c.note("closed")
}
