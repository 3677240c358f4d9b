package load

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"fullex/p9srv/client"
	"fullex/p9srv/wire"
)

// slot is room for one operation on a connection. Its index is the tag of the operation's
// requests.
type slot struct {
	operation
	session *session
	spare   uint32        // fid for operations of kind Open
	names   int           // number of names in its Twalk
	due     time.Duration // since the start of the run
	request wire.Type     // under way; 0: none
}

// Parts of requests.
var (
	noValue  [valueSize]byte
	capacity = [...]byte{Capacity}
)

// begin chooses an operation and appends its first request.
func (c *Conn) begin(tag uint16, due time.Duration) {
	s := &c.slots[tag]
	s.operation, s.due = s.session.next(), due
	switch s.kind {
	case Write:
		s.request = wire.Twrite
		c.out = wire.AppendWrite(c.out, tag, s.session.fid, 0, noValue[:])
		le.PutUint32(c.out[len(c.out)-valueSize:], s.value)
	case Read:
		s.request = wire.Tread
		c.out = wire.AppendRead(c.out, tag, s.session.fid, 0, valueSize)
	case Open:
		names := c.config.OpenPath()
		s.request, s.names = wire.Twalk, len(names)
		c.out = wire.AppendWalk(c.out, tag, c.root, s.spare, names...)
	}
}

// answered handles the reply to the request of a slot. It reports whether the operation has
// ended. If not, it has appended the operation's next request.
func (c *Conn) answered(tag uint16, m wire.Frame) (ended bool, err error) {
	s := &c.slots[tag]
	if s.kind == Open {
		ended, err = c.opened(tag, s, m)
	} else {
		s.refused, err = s.session.judge(s.operation, s.outcome(m))
		ended = true
	}
	if ended {
		s.request = 0
	}
	return ended, err
}

// outcome returns the result of a push or pop from its reply.
func (s *slot) outcome(m wire.Frame) outcome {
	const rreadSize = wire.RreadHead + valueSize
	switch typ := m.Type(); {
	case s.session.check == Fixed:
		if err := fixed(m); err != nil {
			return outcome{err: err}
		}
		return outcome{n: valueSize, value: s.value}
	case typ == wire.Rwrite && s.request == wire.Twrite && len(m) == wire.RwriteSize:
		return outcome{n: count(m)}
	case typ == wire.Rread && s.request == wire.Tread && len(m) == rreadSize && count(m) == valueSize:
		return outcome{n: valueSize, value: le.Uint32(m[wire.RreadHead:])}
	}
	if err := client.ReplyError(m, s.request); err != nil {
		return outcome{err: err}
	}
	return outcome{n: count(m)}
}

// count returns the number of bytes in an Rwrite or Rread.
func count(m wire.Frame) int { return int(le.Uint32(m[wire.HeadSize:])) }

// fixed returns an error if a message is not the fixed reply of a server that does nothing.
func fixed(m wire.Frame) error {
	if m.Type() != wire.Rread || len(m) != wire.RreadHead+valueSize || count(m) != valueSize || le.Uint32(m[wire.RreadHead:]) != 0 {
		return fmt.Errorf("not the fixed reply: % x", []byte(m))
	}
	return nil
}

// opened continues an operation of kind Open after a reply. The operation ends with a Tclunk,
// also if its Tlopen was refused.
func (c *Conn) opened(tag uint16, s *slot, m wire.Frame) (ended bool, err error) {
	refused, err := c.step(s, m)
	switch {
	case err != nil:
		return true, fmt.Errorf("%s: %w", s.kind, err)
	case s.request == wire.Tclunk:
		return true, nil
	case s.request == wire.Twalk:
		s.request = wire.Tlopen
		c.out = wire.AppendOpen(c.out, tag, s.spare, syscall.O_RDWR)
	case s.request == wire.Tlopen && c.config.Initialise && !refused:
		s.request = wire.Twrite
		c.out = wire.AppendWrite(c.out, tag, s.spare, 0, capacity[:])
	default:
		s.refused = s.refused || refused
		s.request = wire.Tclunk
		c.out = wire.AppendFID(c.out, wire.Tclunk, tag, s.spare)
	}
	return false, nil
}

// step checks a reply in an operation of kind Open. Only a Tlopen may be refused.
func (c *Conn) step(s *slot, m wire.Frame) (refused bool, err error) {
	if c.config.Check == Fixed {
		return false, fixed(m)
	}
	err = client.ReplyError(m, s.request)
	if s.request == wire.Tlopen && errors.Is(err, syscall.EACCES) {
		return true, nil
	}
	if err == nil && s.request == wire.Twalk && int(le.Uint16(m[wire.HeadSize:])) != s.names {
		return false, syscall.ENOENT
	}
	return false, err
}
