package trace

import (
	"encoding/hex"
	"fmt"
	"path"
	"strconv"

	"github.com/hugelgupf/p9/linux"

	"fullex/p9srv/wire"
)

// deviceName is the last element of a device's path, at each door.
const deviceName = "full_ex"

// client is who may have a device open once, on one connection. That is more than
// the server tells apart at some doors: an open that works is a session anyway.
type client struct {
	path string
	uid  uint32
}

// errTooLarge is of a record that is not whole.
var errTooLarge = fmt.Errorf("a message of more than %d bytes is too large to record", maxFrame)

// keepCall keeps what the record of a read or write needs until the reply.
func (c *conversation) keepCall(r *request, frame wire.Frame, whole bool) {
	if c.recorder == nil || r.fid == nil || len(frame) < dataAt {
		if c.recorder != nil && !whole {
			c.recorder.fail(errTooLarge)
		}
		return
	}
	r.size = le.Uint32(frame[dataAt-4:])
	if r.typ == wire.Twrite {
		r.data = append(r.data[:0], frame[dataAt:]...)
	}
}

// record adds a call at the device that was answered.
func (c *conversation) record(r *request, frame wire.Frame, done bool) {
	f := r.fid
	if f == nil {
		return
	}
	errno, refused := refusal(frame)
	result := "ok"
	switch {
	case refused:
		result = errnoName(errno)
	case !done:
		return // no answer to that
	}
	if refused && errno == linux.EBADF {
		return // not open for that, of which the device never hears
	}
	switch {
	case r.typ == wire.Tlopen && path.Base(f.path) == deviceName:
		c.recordOpen(f, result, errno)
	case f.session == nil:
	case r.typ == wire.Tread:
		recordRead(f.session, r, frame, result, refused)
	case r.typ == wire.Twrite:
		if !refused {
			result = strconv.Itoa(int(count(frame)))
		}
		recordWrite(f.session, r.data, result)
	case r.typ == wire.Tclunk || r.typ == wire.Tremove:
		c.recordClose(f)
	}
}

// recordOpen begins a session. That a client is refused a second one belongs to
// the session that it has.
func (c *conversation) recordOpen(f *fid, result string, errno linux.Errno) {
	who := client{f.path, f.uid}
	first := c.sessions[who]
	switch {
	case f.session != nil: // opened twice, which is the protocol's to refuse
	case errno == linux.EACCES && first != nil:
		first.session.add("open again", result)
	case errno != 0:
		s := &session{recorder: c.recorder}
		s.add("open", result)
		s.end()
	default:
		f.session = &session{recorder: c.recorder}
		f.session.add("open", result)
		c.open[f] = struct{}{}
		c.sessions[who] = f
	}
}

// recordWrite and recordRead are made without fmt, which takes more time than all
// the rest.
func recordWrite(s *session, data []byte, result string) {
	line := hex.AppendEncode(append(s.lines, "write "...), data)
	s.added(append(append(line, " -> "...), result...))
}

// recordRead leaves out a reply without bytes: no device gives one, the server does
// where a Linux client asks for the rest of a short read.
func recordRead(s *session, r *request, frame wire.Frame, result string, refused bool) {
	n := count(frame)
	if n == 0 && !refused {
		return
	}
	line := strconv.AppendUint(append(s.lines, "read "...), uint64(r.size), 10)
	line = append(line, " -> "...)
	if refused {
		s.added(append(line, result...))
		return
	}
	line = append(strconv.AppendUint(line, uint64(n), 10), ' ')
	s.added(hex.AppendEncode(line, frame[wire.HeadSize+4:]))
}

// count returns the count[4] that Rread and Rwrite begin with.
func count(frame wire.Frame) uint32 {
	if len(frame) < wire.HeadSize+4 {
		return 0
	}
	return le.Uint32(frame[wire.HeadSize:])
}

// recordClose ends a session. A device's close never fails.
func (c *conversation) recordClose(f *fid) {
	f.session.add("close", "ok")
	f.session.end()
	f.session = nil
	if who := (client{f.path, f.uid}); c.sessions[who] == f {
		delete(c.sessions, who)
	}
	delete(c.open, f)
}

// endSessions closes what is open.
func (c *conversation) endSessions() {
	for f := range c.open {
		c.recordClose(f)
	}
}
