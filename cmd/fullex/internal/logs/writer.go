// Package logs writes the log lines of a service. The service never waits for the reader of
// the log.
//
// A reader may stop (a full pipe, Ctrl-S on a terminal) or end. So lines go through a bounded
// queue, which a goroutine empties. A line is lost if the queue has no room for it or the
// write fails. When lines can be written again, one line says how many are missing. A
// terminal may stop processes that write in the background (stty tostop). The goroutine
// prevents that.
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

// QueueSize is how many bytes may wait to be written: some thousand lines.
const QueueSize = 1 << 20

// pieceSize is how many bytes are written at once, unless one line is longer. A pipe does
// not mix writes of this size with those of other processes (pipe(7), PIPE_BUF).
const pieceSize = 4096

// Writer writes lines to another writer, from a goroutine. Safe for concurrent use.
type Writer struct {
	out    Patient                // immutable, like the channels and lost
	filled chan struct{}          // wakes run; capacity 1
	done   chan struct{}          // closed when run has ended
	giveUp chan struct{}          // closed when writes must not wait any more
	lost   func(lines int) string // returns the line that says how many are missing

	mu      sync.Mutex // guards the fields below
	waiting []byte     // whole lines
	missing int        // number of lines that came after waiting and had no room
	closed  bool
}

// New returns a writer that writes lines to out. lost returns the line that says how many
// are missing, with its line end. From then on a standard output or error without a reader
// does not end this process (os/signal, "SIGPIPE").
func New(out io.Writer, lost func(lines int) string) *Writer {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	w := &Writer{filled: make(chan struct{}, 1), done: make(chan struct{}), giveUp: make(chan struct{}), lost: lost}
	w.out = Patient{Out: out, GiveUp: w.giveUp}
	go w.run()
	return w
}

// Write takes one or more whole lines and keeps a copy of them. It never waits for the
// reader. The error is always nil.
func (w *Writer) Write(lines []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return len(lines), nil
	}
	// After a missing line the next ones are dropped, too: so there is one gap.
	if w.missing > 0 || len(w.waiting)+len(lines) > QueueSize {
		w.missing += count(lines)
	} else {
		w.waiting = append(w.waiting, lines...)
	}
	w.wakeLocked()
	return len(lines), nil
}

// Close writes the waiting lines and takes at most patience for that. Lines that the reader
// has not taken by then are lost. So are lines that are written later.
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
		close(w.giveUp) // a write that waits in the kernel ends only with the process
	}
}

// wakeLocked wakes run.
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
	lost := 0 // lines since the last one that was written
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

// take returns the waiting lines, how many are missing after them, and whether more may
// come. room is the buffer for the next lines.
func (w *Writer) take(room []byte) (lines []byte, missing int, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines, missing = w.waiting, w.missing
	w.waiting, w.missing = room, 0
	return lines, missing, !w.closed
}

// print writes lines. If some are lost, it first writes the line that says how many. It
// returns how many are lost since the last line that was written.
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

// firstLines returns the lines to write at once: as many as pieceSize allows, at least one.
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
