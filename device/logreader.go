package device

import (
	"fmt"
	"math"
	"strings"
	"sync"
)

// The text of a log ends with a notice if lines were dropped before they were read:
// noticeStart, the number of these lines, noticeEnd.
const (
	noticeStart = "[ "
	noticeEnd   = " lines dropped before they were read ]\n"
)

// IsDroppedNotice reports whether a line is the notice of a LogReader that lines were
// dropped before they were read. No client can forge the notice: a line of the log begins
// with its time.
func IsDroppedNotice(line string) bool {
	count, ok := strings.CutPrefix(line, noticeStart)
	if !ok {
		return false
	}
	count, ok = strings.CutSuffix(count, noticeEnd)
	return ok && count != "" && strings.Trim(count, "0123456789") == ""
}

// LogReader reads a log as a file. The file has the lines that the log kept when the
// reader was made. The reader copies no lines, so the log may drop some before they are
// read. A notice at the end of the file says how many.
//
// It is safe for concurrent use.
type LogReader struct {
	log  *Log   // immutable
	from uint64 // number of the first line; immutable
	to   uint64 // number of the last line + 1; immutable
	kept int    // number of lines; immutable

	// mu guards the fields below, which say where a read in sequence goes on. The
	// piece stays readable to its end after the log drops its line.
	mu     sync.Mutex
	line   uint64 // number of the next line after the piece
	count  int    // lines read so far, including the piece
	piece  string // the line or notice that is being read; "": none
	offset int64  // offset of the piece in the file
	ended  bool   // there is nothing after the piece
}

// Reader returns a reader of the lines that the log keeps now.
func (l *Log) Reader() *LogReader {
	from, to, kept := l.snapshot()
	return &LogReader{log: l, from: from, to: to, kept: kept, line: from}
}

// ReadAt reads into p from an offset in the file and returns the number of bytes. At
// the end of the file these are fewer than len(p), without an error. A negative
// offset returns EINVAL.
//
// A read of an earlier line than the last one starts again at the first line. The lines
// that were dropped by then are no longer part of the file.
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

// Size returns the length of the file, in bytes. It assumes that reading goes on where
// it stopped, so a dropped line counts only if it was read before.
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

// nextLocked makes the next line the piece, or the notice after the last line. It
// skips lines that end at or before offset. It returns false if nothing is left.
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

// notice returns the notice about that many dropped lines, or "" if there are none.
func notice(gone int) string {
	if gone == 0 {
		return ""
	}
	return fmt.Sprintf("%s%d%s", noticeStart, gone, noticeEnd)
}
