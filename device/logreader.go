package device

import "fmt"

// LogReader reads a log as a file: the lines that were kept when it was made,
// to the newest at that time, and then the end. It copies nothing: lines that
// the log drops before they are read are counted in a notice in their place.
//
// It is for one goroutine at a time.
type LogReader struct {
	log  *Log
	from uint64 // first line
	to   uint64 // behind the last

	// Where reading goes on if it goes on where it stopped.
	line   uint64 // the next line
	offset int64  // of its first byte in the file
}

// Reader returns a reader of what the log holds now.
func (l *Log) Reader() *LogReader {
	oldest, next := l.Range()
	return &LogReader{log: l, from: oldest, to: next, line: oldest}
}

// ReadAt fills p with what lies at an offset, and returns less at the end, 0
// behind it. Reading backwards starts anew from the first line.
func (r *LogReader) ReadAt(p []byte, offset int64) (int, error) {
	if offset < r.offset {
		r.line, r.offset = r.from, 0
	}
	n := 0
	for n < len(p) && r.line < r.to {
		text, next := r.text()
		begin := offset + int64(n) - r.offset
		if begin < int64(len(text)) {
			n += copy(p[n:], text[begin:])
		}
		if offset+int64(n) < r.offset+int64(len(text)) {
			break // p is full within this line
		}
		r.line, r.offset = next, r.offset+int64(len(text))
	}
	return n, nil
}

// text returns the next line, or a notice of those that are gone, and the line
// behind that.
func (r *LogReader) text() (text string, next uint64) {
	line, oldest := r.log.Line(r.line)
	if line != "" {
		return line, r.line + 1
	}
	next = min(oldest, r.to)
	return fmt.Sprintf("[ %d lines dropped before they were read ]\n", next-r.line), next
}
