package trace

import (
	"time"

	"fullex/p9srv/wire"
)

// event is one line of the output: a message, or a note about a connection.
type event struct {
	conn  uint64
	at    time.Time
	note  string // about the connection; "": the event is a message
	reply bool
	size  uint32     // of the message, in bytes, as its head says
	frame wire.Frame // the message; nil: too large to show

	head [wire.HeadSize]byte // of the message

	// What earlier messages say about this one.
	fid     uint32
	path    string        // of the fid; "": unknown, or no fid
	newPath string        // of the fid that the message makes
	request wire.Type     // type of the request that a reply answers; 0: unknown
	took    time.Duration // from the request to the reply
}

// known returns the message, or its head if the message is too large to show.
func (e *event) known() wire.Frame {
	if e.frame != nil {
		return e.frame
	}
	return e.head[:]
}
