package device

import (
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// DefaultLogLines is how many lines a log keeps unless told.
const DefaultLogLines = 1024

// Log is a bounded list of lines, as the kernel's is. Lines are numbered from 0
// for the life of the log. Safe for concurrent use.
//
// No source of lines washes out those of another: what clients cause is
// limited to a rate for each verified user, and to one for all others together,
// what is above it is counted; and when the log is full, the oldest line goes of
// the source that has the most.
type Log struct {
	start time.Time // of the clock that lines show; immutable
	size  int       // lines kept at most; immutable

	// mu guards the fields below.
	mu     sync.Mutex
	lines  []logLine // by number
	next   uint64    // number of the next line
	held   map[source]*tally
	shares map[source]*share
}

// logLine is a line with its line end.
type logLine struct {
	number uint64
	of     *tally
	text   string
}

// tally is how many of the lines that are kept a source has.
type tally struct {
	source source
	lines  int
}

// NewLog returns an empty log that keeps that many lines, at least one.
func NewLog(lines int) *Log {
	return &Log{start: time.Now(), size: max(lines, 1), held: make(map[source]*tally), shares: make(map[source]*share)}
}

// Print adds a line of the system's own. It must be printable.
func (l *Log) Print(line string) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addLocked(now, source{}, line)
}

// PrintFor adds a line that a user caused, if his share has room, and counts
// it otherwise. line is called only if the line is added; it must be printable.
func (l *Log) PrintFor(u *User, line func() string) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.printLocked(l.shareLocked(u.source(), now), now, line)
}

// printSession is PrintFor for the lines of opens and closes, which have a
// share of their own: they come with everything else that a user does, and
// must not leave him without a word.
func (l *Log) printSession(u *User, now time.Time, line func() string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u.openShare == nil || u.openShare.forgotten {
		from := u.source()
		from.opens = true
		u.openShare = l.shareLocked(from, now)
	}
	l.printLocked(u.openShare, now, line)
}

func (l *Log) printLocked(s *share, now time.Time, line func() string) {
	if !s.take(now) {
		s.dropped++
		return
	}
	l.tellDroppedLocked(s, now)
	l.addLocked(now, s.source, line())
}

// tellDroppedLocked adds a line that counts what was dropped of a share, which
// pays for it.
func (l *Log) tellDroppedLocked(s *share, now time.Time) {
	if s.dropped == 0 {
		return
	}
	l.addLocked(now, s.source, fmt.Sprintf("fullex: %d lines of %s were too many and dropped", s.dropped, s.source))
	s.dropped = 0
	s.left--
}

// addLocked adds a line in the form of dmesg: seconds since the start.
func (l *Log) addLocked(now time.Time, from source, line string) {
	if len(l.lines) >= l.size {
		l.dropOneLocked()
	}
	at := now.Sub(l.start)
	text := fmt.Sprintf("[%5d.%06d] %s\n", at/time.Second, at%time.Second/time.Microsecond, line)
	of := l.held[from]
	if of == nil {
		of = &tally{source: from}
		l.held[from] = of
	}
	of.lines++
	l.lines = append(l.lines, logLine{l.next, of, text})
	l.next++
}

// dropOneLocked makes room: it drops the oldest line of those that have the
// most.
func (l *Log) dropOneLocked() {
	victim := 0
	for i, line := range l.lines {
		if line.of.lines > l.lines[victim].of.lines {
			victim = i
		}
	}
	of := l.lines[victim].of
	l.lines = slices.Delete(l.lines, victim, victim+1)
	if of.lines--; of.lines == 0 {
		delete(l.held, of.source)
	}
}

// snapshot returns the number of the oldest line kept, that of the next to
// come, and how many are kept. What was dropped of a share is told first, if it
// has room for that: nobody may come by who would make it told otherwise.
func (l *Log) snapshot() (from, to uint64, kept int) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.droppedLocked() {
		if s.take(now) {
			s.left++ // tellDroppedLocked takes it
			l.tellDroppedLocked(s, now)
		}
	}
	if len(l.lines) == 0 {
		return l.next, l.next, 0
	}
	return l.lines[0].number, l.next, len(l.lines)
}

// skip passes over lines from a number on, and before another, that lie within the first
// most bytes. It returns the number of the next, and how many lines and bytes it passed.
// A reader that wants the end of a full log would otherwise take the lock for each line.
func (l *Log) skip(from, to uint64, most int64) (next uint64, lines int, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next = from
	for _, line := range l.lines[l.indexLocked(from):] {
		size := int64(len(line.text))
		if line.number >= to || bytes+size > most {
			break
		}
		next, lines, bytes = line.number+1, lines+1, bytes+size
	}
	return next, lines, bytes
}

// indexLocked returns where the first line lies that is kept from a number on.
func (l *Log) indexLocked(n uint64) int {
	return sort.Search(len(l.lines), func(i int) bool { return l.lines[i].number >= n })
}

// lineFrom returns the first line that is kept from a number on, and its
// number.
func (l *Log) lineFrom(n uint64) (text string, number uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.indexLocked(n)
	if i == len(l.lines) {
		return "", 0, false
	}
	return l.lines[i].text, l.lines[i].number, true
}

// Printable returns p with all that is not printable, and the backslash,
// escaped as in Go, less a line end at its end: nobody can forge lines or
// terminal codes with it.
func Printable(p []byte) string {
	if n := len(p); n > 0 && p[n-1] == '\n' {
		p = p[:n-1]
	}
	out := make([]byte, 0, len(p))
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		switch {
		case r == '\\':
			out = append(out, `\\`...)
		case r == utf8.RuneError && size == 1 || !unicode.IsPrint(r):
			for _, b := range p[:size] {
				out = fmt.Appendf(out, "\\x%02x", b)
			}
		default:
			out = append(out, p[:size]...)
		}
		p = p[size:]
	}
	return string(out)
}
