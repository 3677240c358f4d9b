package device

import (
	"fmt"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// DefaultLogLines is how many lines a log keeps unless told.
const DefaultLogLines = 1024

// Log is a bounded list of lines, as the kernel's is: when it is full the
// oldest goes. Lines are numbered from 0 for the life of the log. Safe for
// concurrent use.
//
// What clients cause is limited: each verified user has a share of lines a
// second, and all others have one together, so that none washes out the lines
// of another. What is above it is counted.
type Log struct {
	start time.Time // of the clock that lines show; immutable

	// mu guards the fields below.
	mu     sync.Mutex
	ring   []string // line n is at n modulo len
	next   uint64   // number of the next line
	shares map[string]*share
}

// NewLog returns an empty log that keeps that many lines.
func NewLog(lines int) *Log {
	return &Log{start: time.Now(), ring: make([]string, lines), shares: make(map[string]*share)}
}

// Print adds a line of the system's own. It must be printable.
func (l *Log) Print(line string) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addLocked(now, line)
}

// PrintFor adds a line that a user caused, if his share has room, and counts
// it otherwise. line is called only if the line is added; it must be printable.
func (l *Log) PrintFor(u *User, line func() string) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.shareLocked(u.source(), now)
	if !s.take(now) {
		s.dropped++
		return
	}
	if s.dropped > 0 {
		l.addLocked(now, fmt.Sprintf("fullex: %d lines of %s were too many and dropped", s.dropped, u.source()))
		s.dropped = 0
	}
	l.addLocked(now, line())
}

// addLocked adds a line in the form of dmesg: seconds since the start.
func (l *Log) addLocked(now time.Time, line string) {
	at := now.Sub(l.start)
	l.ring[l.next%uint64(len(l.ring))] = fmt.Sprintf("[%5d.%06d] %s\n", at/time.Second, at%time.Second/time.Microsecond, line)
	l.next++
}

// Range returns the number of the oldest line kept and of the next to come.
func (l *Log) Range() (oldest, next uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.oldestLocked(), l.next
}

func (l *Log) oldestLocked() uint64 {
	if kept := uint64(len(l.ring)); l.next > kept {
		return l.next - kept
	}
	return 0
}

// Line returns line number n with its line end, or, if it is gone, "" and the
// number of the oldest that is kept.
func (l *Log) Line(n uint64) (line string, oldest uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest = l.oldestLocked()
	if n < oldest || n >= l.next {
		return "", oldest
	}
	return l.ring[n%uint64(len(l.ring))], oldest
}

// Printable returns p with all that is not printable escaped as in Go, less a
// line end at its end: nobody can forge lines or terminal codes with it.
func Printable(p []byte) string {
	if n := len(p); n > 0 && p[n-1] == '\n' {
		p = p[:n-1]
	}
	out := make([]byte, 0, len(p))
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) {
			for _, b := range p[:size] {
				out = fmt.Appendf(out, "\\x%02x", b)
			}
		} else {
			out = append(out, p[:size]...)
		}
		p = p[size:]
	}
	return string(out)
}
