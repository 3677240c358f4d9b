package trace

import (
	"fmt"
	"io"
	"time"
)

// Printer prints the events of a queue.
type Printer struct {
	Out  io.Writer
	JSON bool // one JSON object a line instead of text

}

// outSize is how many bytes are written at once, if there are as many.
const outSize = 64 << 10

// restFactor is for a printer that cannot keep up: it rests this many times as long as it
// has printed. Messages are left out anyway, and the traffic needs the processors.
const restFactor = 9

// Print prints events until the queue is closed and empty. If a write fails, Print discards
// all later events and returns the error at the end. So the traffic goes on.
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
