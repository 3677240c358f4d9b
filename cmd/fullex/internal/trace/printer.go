package trace

import (
	"fmt"
	"io"
	"time"
)

// Printer prints what a queue holds.
type Printer struct {
	Out  io.Writer
	JSON bool // an object a line, not text

}

// outSize is how much is written at once, in bytes, if there is as much.
const outSize = 64 << 10

// restFactor is how much longer than it has printed a printer rests that cannot keep
// up: messages are left out anyway, and the processors are for the traffic.
const restFactor = 9

// Print returns when the queue is closed and empty. When writing fails, it goes on
// and drops what comes, so that nobody waits for the output, and returns that error
// at the end.
func (p Printer) Print(q *Queue) error {
	var failed error
	out := make([]byte, 0, outSize+outSize/2)
	flush := func() {
		if failed != nil || len(out) == 0 {
			out = out[:0]
			return
		}
		if _, err := p.Out.Write(out); err != nil {
			failed = fmt.Errorf("print: %w", err)
		}
		out = out[:0]
	}
	for {
		b, more := q.take()
		start := time.Now()
		for i := range b.events {
			out = p.append(out, &b.events[i])
			if len(out) >= outSize {
				flush()
			}
		}
		if b.skipped > 0 {
			out = p.appendSkipped(out, b.skipped)
		}
		flush()
		if !more {
			return failed
		}
		if b.skipped > 0 {
			q.rest(restFactor * time.Since(start))
		}
	}
}

func (p Printer) append(out []byte, e *event) []byte {
	if p.JSON {
		return appendJSON(out, e)
	}
	return appendText(out, e)
}

func (p Printer) appendSkipped(out []byte, n int64) []byte {
	if p.JSON {
		return fmt.Appendf(out, "{\"skipped\":%d}\n", n)
	}
	return fmt.Appendf(out, "... %d messages are not shown: the output was too slow\n", n)
}
