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

// DefaultLogLines is how many lines the log of a Kernel keeps.
const DefaultLogLines = 1024

// Log keeps a bounded number of lines, as the log of Linux does. It numbers all
// lines ever added, from 0. It is safe for concurrent use.
//
// Lines have sources: the system itself, each verified user, and all other users
// together. A user's opens and closes are a source of their own. Each source but the
// system may add lines at a limited rate. The log drops and counts lines above that
// rate. When the log is full, the source with the most lines loses its oldest line. So
// no source pushes out the lines of another.
type Log struct {
	start time.Time // the time 0 of the lines; immutable after restore
	size  int       // how many lines are kept at most; immutable

	// mu guards the fields below.
	mu      sync.Mutex
	lines   []logLine // kept lines, ordered by number
	next    uint64    // number of the next line
	tallies map[source]*tally
	shares  map[source]*share
}

// logLine is a line. Its text ends with a newline.
type logLine struct {
	number uint64
	of     *tally
	text   string
}

// tally counts the kept lines of a source.
type tally struct {
	source source
	lines  int
}

// NewLog returns an empty log that keeps that many lines, at least one.
func NewLog(lines int) *Log {
	return &Log{start: time.Now(), size: max(lines, 1), tallies: make(map[source]*tally), shares: make(map[source]*share)}
}

// Print adds a line that no user caused. The line must be printable.
func (l *Log) Print(line string) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addLocked(now, source{}, line)
}

// PrintFor adds a line that a user caused, or drops and counts it if the user's
// share is used up. It calls line only to add the line, which must be printable.
func (l *Log) PrintFor(u *User, line func() string) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.printLocked(l.shareLocked(u.source(), now), now, line)
}

// printSession is PrintFor for lines about opens and closes. These have a share of
// their own: they are many, and must not use up the share of the user's other lines.
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
	l.reportDroppedLocked(s, now)
	l.addLocked(now, s.source, line())
}

// reportDroppedLocked adds a line with the number of dropped lines of a share, if
// there are any. The line counts against that share.
func (l *Log) reportDroppedLocked(s *share, now time.Time) {
	if s.dropped == 0 {
		return
	}
	l.addLocked(now, s.source, fmt.Sprintf("fullex: %d lines of %s were too many and dropped", s.dropped, s.source))
	s.dropped = 0
	s.left--
}

// addLocked adds a line in the form of dmesg(1), with the seconds since the start.
func (l *Log) addLocked(now time.Time, from source, line string) {
	if len(l.lines) >= l.size {
		l.dropOneLocked()
	}
	at := now.Sub(l.start)
	text := fmt.Sprintf("[%5d.%06d] %s\n", at/time.Second, at%time.Second/time.Microsecond, line)
	l.lines = append(l.lines, logLine{l.next, l.tallyLocked(from), text})
	l.next++
}

// tallyLocked counts one more line of a source and returns the source's tally.
func (l *Log) tallyLocked(from source) *tally {
	of := l.tallies[from]
	if of == nil {
		of = &tally{source: from}
		l.tallies[from] = of
	}
	of.lines++
	return of
}

// dropOneLocked makes room for a line: it drops the oldest line of the source with
// the most lines.
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
		delete(l.tallies, of.source)
	}
}

// snapshot returns the numbers of the oldest kept line and of the next line, and how
// many lines are kept. First it reports the dropped lines of each share that has room for
// the report. Without that, they would stay unreported until the user's next line.
func (l *Log) snapshot() (from, to uint64, kept int) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.droppedLocked() {
		if s.take(now) {
			s.left++ // reportDroppedLocked takes one itself
			l.reportDroppedLocked(s, now)
		}
	}
	if len(l.lines) == 0 {
		return l.next, l.next, 0
	}
	return l.lines[0].number, l.next, len(l.lines)
}

// skip passes over the kept lines with numbers in [from, to). It stops before their total
// size exceeds most bytes. It returns the number to go on with, and how many lines and
// bytes it passed. Without it, a reader that starts near the end of the log would take the
// lock for each line before.
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

// indexLocked returns the index of the first kept line whose number is n or more.
func (l *Log) indexLocked(n uint64) int {
	return sort.Search(len(l.lines), func(i int) bool { return l.lines[i].number >= n })
}

// lineFrom returns the first kept line whose number is n or more, and its number. It
// returns false if there is none.
func (l *Log) lineFrom(n uint64) (text string, number uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.indexLocked(n)
	if i == len(l.lines) {
		return "", 0, false
	}
	return l.lines[i].text, l.lines[i].number, true
}

// Printable returns p as text for one line of the log. It drops one newline at the
// end, escapes other bytes that are not printable as \x0a, and doubles a backslash.
// So p can forge neither lines nor terminal codes.
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
