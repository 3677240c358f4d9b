package trace

import (
	"time"

	"fullex/p9srv/wire"
)

// event is what there is to say about one message, or about a connection.
type event struct {
	conn  uint64
	at    time.Time
	note  string // about the connection; "": a message
	reply bool
	size  uint32     // of the message, as it says
	frame wire.Frame // nil if it is too large to show

	head [wire.HeadSize]byte

	// What is known from messages before.
	fid     uint32
	path    string        // that the fid stands for; "": unknown, or no fid
	newPath string        // that a new fid is to stand for
	request wire.Type     // the type of what a reply answers; 0: unknown
	took    time.Duration // from the request to the reply
}

// known returns as much of the message as is there.
func (e *event) known() wire.Frame {
	if e.frame != nil {
		return e.frame
	}
	return e.head[:]
}
