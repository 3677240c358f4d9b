// Package logs prints what a service says, for a service that must not wait for
// whoever reads it.
//
// A reader may stop (a full pipe, Ctrl-S on a terminal) or end. A terminal may stop who
// writes in the background (stty tostop), which a service does not let happen. So lines go through a
// bounded queue, which a goroutine empties. A line for which there is no room, or that
// cannot be written, is lost; when lines can be written again, one line says how many
// are missing.
package logs

import (
	"bytes"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// QueueSize is how much may wait to be written, in bytes: some thousand lines.
const QueueSize = 1 << 20

// pieceSize is how much is written at once, in bytes. Writes of that size to a pipe do
// not mix with those of others (pipe(7), PIPE_BUF).
const pieceSize = 4096

// Writer passes lines on to another writer. Safe for concurrent use.
type Writer struct {
	out    Patient                // immutable, as missing
	filled chan struct{}          // has one if there is something to do
	done   chan struct{}          // closed when nothing more is written
	giveUp chan struct{}          // closed when nothing more shall be waited for
	lost   func(lines int) string // the line that says how many are missing

	mu      sync.Mutex // guards the fields below
	waiting []byte     // whole lines
	missing int        // lines that came after those
	closed  bool
}

// New returns a writer that passes lines on to out. lost makes the line, with its
// line end, that says how many are missing. From then on this process survives a
// standard output or error that nobody reads any more (os/signal, "SIGPIPE").
func New(out io.Writer, lost func(lines int) string) *Writer {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	w := &Writer{filled: make(chan struct{}, 1), done: make(chan struct{}), giveUp: make(chan struct{}), lost: lost}
	w.out = Patient{Out: out, GiveUp: w.giveUp}
	go w.run()
	return w
}

// Write takes one or more whole lines, of which it keeps a copy. It never waits, and
// the error is always nil.
func (w *Writer) Write(lines []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return len(lines), nil
	}
	// Once a line is missing, so are those behind it: the gap has one place.
	if w.missing > 0 || len(w.waiting)+len(lines) > QueueSize {
		w.missing += count(lines)
	} else {
		w.waiting = append(w.waiting, lines...)
	}
	w.wakeLocked()
	return len(lines), nil
}

// Close writes what waits, for which it takes as long as it is told at most. What the
// reader has not taken until then is lost. Later lines are, too.
func (w *Writer) Close(patience time.Duration) {
	w.mu.Lock()
	w.closed = true
	w.wakeLocked()
	w.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
		close(w.giveUp) // a write that waits in the kernel ends with the process only
	}
}

// wakeLocked has run look.
func (w *Writer) wakeLocked() {
	select {
	case w.filled <- struct{}{}:
	default:
	}
}

// run writes lines until the writer is closed and empty.
func (w *Writer) run() {
	defer close(w.done)
	WriteInBackground(w.out.Out)
	var spare []byte
	lost := 0 // lines, since the last that was written
	for range w.filled {
		lines, missing, more := w.take(spare[:0])
		lost = w.print(lines, lost)
		lost = w.print(nil, lost+missing)
		if !more {
			return
		}
		spare = lines
	}
}

// take returns the lines that wait, how many are missing behind them, and whether
// there may be others. The caller gives room for the next ones.
func (w *Writer) take(room []byte) (lines []byte, missing int, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines, missing = w.waiting, w.missing
	w.waiting, w.missing = room, 0
	return lines, missing, !w.closed
}

// print writes lines, behind one that says how many are lost, if some are. It returns
// how many are lost after that.
func (w *Writer) print(lines []byte, lost int) int {
	for len(lines) > 0 || lost > 0 {
		if lost > 0 {
			if _, err := io.WriteString(w.out, w.lost(lost)); err != nil {
				return lost + count(lines)
			}
			lost = 0
		}
		piece := firstLines(lines)
		if _, err := w.out.Write(piece); err != nil {
			lost = count(piece)
		}
		lines = lines[len(piece):]
	}
	return 0
}

// firstLines returns as many lines as are written at once, one at least.
func firstLines(lines []byte) []byte {
	if len(lines) <= pieceSize {
		return lines
	}
	if end := bytes.LastIndexByte(lines[:pieceSize], '\n'); end >= 0 {
		return lines[:end+1]
	}
	return lines[:pieceSize+bytes.IndexByte(lines[pieceSize:], '\n')+1]
}

func count(lines []byte) int { return bytes.Count(lines, []byte("\n")) }
