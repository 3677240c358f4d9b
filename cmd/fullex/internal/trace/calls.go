package trace

import (
	"encoding/hex"
	"fmt"
	"path"
	"strconv"

	"github.com/hugelgupf/p9/linux"

	"fullex/p9srv/wire"
)

// deviceName is the last element of the path of a device, at each door.
const deviceName = "full_ex"

// owner is a client that may have one session at a path, on one connection. A server may
// distinguish clients in another way: an open that succeeds always begins a session.
type owner struct {
	path string
	uid  uint32
}

// errTooLarge is the error of a record that lacks a message.
var errTooLarge = fmt.Errorf("a message of more than %d bytes is too large to record", maxFrame)

// keepCall keeps what the record of a read or write needs when the reply comes.
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

// record adds an answered call at the device to its session. done is false if the reply
// does not have the type that answers the request.
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
		return // neither the answer nor a refusal
	}
	if refused && errno == linux.EBADF {
		return // the fid is not open for that, so the call did not reach the device
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

// recordOpen begins a session. A refusal with EACCES, while the owner has a session, is a
// line of that session. Any other refused open is a session of its own.
func (c *conversation) recordOpen(f *fid, result string, errno linux.Errno) {
	who := owner{f.path, f.uid}
	first := c.sessions[who]
	switch {
	case f.session != nil: // the fid is open already, so the call did not reach the device
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

// recordWrite adds a write. Like recordRead it does without fmt, which would take more time
// than the rest.
func recordWrite(s *session, data []byte, result string) {
	line := hex.AppendEncode(append(s.lines, "write "...), data)
	s.added(append(append(line, " -> "...), result...))
}

// recordRead adds a read. It leaves out a reply without bytes, which does not come from the
// device: the server sends it when a Linux client asks for the rest of a short read.
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

// count returns the count[4] of an Rread or Rwrite, or 0 if the frame is too short.
func count(frame wire.Frame) uint32 {
	if len(frame) < wire.HeadSize+4 {
		return 0
	}
	return le.Uint32(frame[wire.HeadSize:])
}

// recordClose ends a session. The close of a device never fails.
func (c *conversation) recordClose(f *fid) {
	f.session.add("close", "ok")
	f.session.end()
	f.session = nil
	if who := (owner{f.path, f.uid}); c.sessions[who] == f {
		delete(c.sessions, who)
	}
	delete(c.open, f)
}

// endSessions ends all sessions.
func (c *conversation) endSessions() {
	for f := range c.open {
		c.recordClose(f)
	}
}
