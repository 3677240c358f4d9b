package device

import (
	"fmt"
	"math"
	"strings"
	"sync"
)

// A text of a log ends with a notice if lines were dropped before they were read:
// noticeStart, how many, noticeEnd.
const (
	noticeStart = "[ "
	noticeEnd   = " lines dropped before they were read ]\n"
)

// IsDroppedNotice reports whether the last line of a log's text is not a line of
// the log, but the notice that lines were dropped before they were read. A line of
// the log begins with its time, whatever a client has written behind that.
func IsDroppedNotice(line string) bool {
	count, ok := strings.CutPrefix(line, noticeStart)
	if !ok {
		return false
	}
	count, ok = strings.CutSuffix(count, noticeEnd)
	return ok && count != "" && strings.Trim(count, "0123456789") == ""
}

// LogReader reads a log as a file: the lines that were kept when it was made,
// to the newest at that time, and then the end. It copies nothing: lines that
// the log drops before they are read are counted in a notice at the end.
//
// Safe for concurrent use.
type LogReader struct {
	log  *Log   // immutable
	from uint64 // first line; immutable
	to   uint64 // behind the last; immutable
	kept int    // how many there were; immutable

	// mu guards the fields below: where reading goes on if it goes on where it
	// stopped. A piece that was begun is held, so that it stays whole when the log
	// drops it.
	mu     sync.Mutex
	line   uint64 // the next line behind the piece
	count  int    // lines so far, that of the piece too
	piece  string // a line or the notice; "": none
	offset int64  // of its first byte in the file
	ended  bool   // the notice, if there is one, was the last piece
}

// Reader returns a reader of what the log holds now.
func (l *Log) Reader() *LogReader {
	from, to, kept := l.snapshot()
	return &LogReader{log: l, from: from, to: to, kept: kept, line: from}
}

// ReadAt fills p with what lies at an offset, and returns less at the end, 0
// behind it; EINVAL before the start. Reading backwards starts anew from the first line.
func (r *LogReader) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errOffset
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if offset < r.offset {
		r.line, r.count, r.piece, r.offset, r.ended = r.from, 0, "", 0, false
	}
	n := 0
	for n < len(p) {
		if r.piece == "" && !r.nextLocked(offset+int64(n)) {
			break
		}
		if begin := offset + int64(n) - r.offset; begin < int64(len(r.piece)) {
			n += copy(p[n:], r.piece[begin:])
		}
		if offset+int64(n) < r.offset+int64(len(r.piece)) {
			break // p is full within this piece
		}
		r.offset += int64(len(r.piece))
		r.piece = ""
	}
	return n, nil
}

// Size returns the length of the file, in bytes, for a reader that goes on where it
// stopped: of lines that the log has dropped only those count that were read. It makes no
// text.
func (r *LogReader) Size() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	size := r.offset + int64(len(r.piece))
	if r.ended {
		return size
	}
	_, lines, bytes := r.log.skip(r.line, r.to, math.MaxInt64)
	return size + bytes + int64(len(notice(r.kept-r.count-lines)))
}

// nextLocked takes the next line, but for lines that end before an offset, or behind the
// last the notice. It returns false at the end.
func (r *LogReader) nextLocked(offset int64) bool {
	if r.ended {
		return false
	}
	if offset > r.offset {
		next, lines, bytes := r.log.skip(r.line, r.to, offset-r.offset)
		r.line, r.count, r.offset = next, r.count+lines, r.offset+bytes
	}
	if text, number, ok := r.log.lineFrom(r.line); ok && number < r.to {
		r.piece, r.line, r.count = text, number+1, r.count+1
		return true
	}
	r.ended = true
	r.piece = notice(r.kept - r.count)
	return r.piece != ""
}

// notice is the line for so many that are gone, or "" for none.
func notice(gone int) string {
	if gone == 0 {
		return ""
	}
	return fmt.Sprintf("%s%d%s", noticeStart, gone, noticeEnd)
}
