package faulty

import (
	"slices"
	"time"

	"fullex/p9srv"
	"fullex/p9srv/wire"
)

// gatherTime is how long a request waits for other requests in flight.
const gatherTime = 2 * time.Millisecond

// reordering is a layer that reverses the order of replies.
type reordering struct {
	p9srv.Processor
	way p9srv.Way
}

// Process implements p9srv.Processor.
func (r reordering) Process(_, out []byte) (used int, _ []byte, err error) {
	wait(r.way, gatherTime)
	start := len(out)
	used, out, err = r.Processor.Process(r.way.More(), out)
	reverse(out[start:])
	return used, out, err
}

// reverse reverses the order of replies; a server may send them in any order (intro(5)).
// Rversion and Rflush stay where they are. Rversion begins a 9P session. The reply to a
// flushed request must be sent before Rflush (flush(5)).
func reverse(replies []byte) {
	var run [][]byte // replies to reverse
	reversed := make([]byte, 0, len(replies))
	endRun := func() {
		slices.Reverse(run)
		reversed = append(reversed, slices.Concat(run...)...)
		run = run[:0]
	}
	for rest := replies; len(rest) > 0; {
		reply := wire.Frame(rest[:wire.Size(rest)])
		rest = rest[len(reply):]
		if typ := reply.Type(); typ == wire.Rversion || typ == wire.Rflush {
			endRun()
			reversed = append(reversed, reply...)
			continue
		}
		run = append(run, reply)
	}
	endRun()
	copy(replies, reversed)
}
