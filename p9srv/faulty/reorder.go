package faulty

import (
	"slices"
	"time"

	"fullex/p9srv"
	"fullex/p9srv/wire"
)

// gatherTime is how long a request waits for others that its client has under way.
const gatherTime = 2 * time.Millisecond

// reordering turns replies around.
type reordering struct {
	p9srv.Processor
	way p9srv.Way
}

// Process implements p9srv.Processor.
func (r reordering) Process(_, out []byte) (used int, _ []byte, err error) {
	wait(r.way, gatherTime)
	start := len(out)
	used, out, err = r.Processor.Process(r.way.More(), out)
	turn(out[start:])
	return used, out, err
}

// turn turns replies around, which a server may send in any order (intro(5)).
// Rversion and Rflush stay where they are: the one begins a session, and before
// the other the reply to what was flushed must have left (flush(5)).
func turn(replies []byte) {
	var run [][]byte
	turned := make([]byte, 0, len(replies))
	leave := func() {
		slices.Reverse(run)
		turned = append(turned, slices.Concat(run...)...)
		run = run[:0]
	}
	for rest := replies; len(rest) > 0; {
		reply := wire.Frame(rest[:wire.Size(rest)])
		rest = rest[len(reply):]
		if typ := reply.Type(); typ == wire.Rversion || typ == wire.Rflush {
			leave()
			turned = append(turned, reply...)
			continue
		}
		run = append(run, reply)
	}
	leave()
	copy(replies, turned)
}
