package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"fullex/device/contract"
)

// Of a long case the calls at its start and end are kept.
const (
	firstCalls = 12
	lastCalls  = 40
)

// trace keeps the calls of a trial. It is safe for concurrent use.
type trace struct {
	mu    sync.Mutex
	first []*call
	last  []*call // a ring once it is full, next being the oldest
	next  int
	total int
}

// call is one call; mu of its trace guards it.
type call struct {
	name   string // read
	text   string // read(3
	result string // "", 4) = 4
	done   bool
	start  time.Time
}

// begin notes a call that is about to be made.
func (t *trace) begin(name, format string, args ...any) *call {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &call{name: name, text: fmt.Sprintf(format, args...), start: time.Now()}
	t.total++
	switch {
	case len(t.first) < firstCalls:
		t.first = append(t.first, c)
	case len(t.last) < lastCalls:
		t.last = append(t.last, c)
	default:
		t.last[t.next] = c
		t.next = (t.next + 1) % lastCalls
	}
	return c
}

// end notes what a call returned.
func (t *trace) end(c *call, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.result, c.done = fmt.Sprintf(format, args...), true
}

// ordered returns the calls that are kept, from the oldest on. mu is held.
func (t *trace) orderedLocked() []*call {
	kept := append([]*call(nil), t.first...)
	kept = append(kept, t.last[t.next:]...)
	return append(kept, t.last[:t.next]...)
}

// lines returns the calls as strace prints them.
func (t *trace) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := []string{}
	kept := t.orderedLocked()
	for i, c := range kept {
		if left := t.total - len(kept); i == firstCalls && left > 0 {
			lines = append(lines, fmt.Sprintf("... %d calls that are not shown ...", left))
		}
		if c.done {
			lines = append(lines, c.text+c.result)
		} else {
			lines = append(lines, strings.TrimRight(c.text, " ")+" <unfinished ...>")
		}
	}
	return lines
}

// waiting returns the name of the oldest call that has not returned for so long, or
// "", and how many calls were made.
func (t *trace) waiting(least time.Duration) (name string, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.orderedLocked() {
		if !c.done && time.Since(c.start) >= least {
			return c.name, t.total
		}
	}
	return "", t.total
}

// returned writes a result: a number, or -1 and an errno with its meaning.
func returned(n int, err error) string {
	if err == nil {
		return fmt.Sprint(n)
	}
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return fmt.Sprintf("? (%v)", err)
	}
	meaning := errno.Error()
	return fmt.Sprintf("-1 %s (%s)", contract.ErrnoName(errno), strings.ToUpper(meaning[:1])+meaning[1:])
}

// shownBytes is how much of a buffer is shown, as strace does.
const shownBytes = 32

// quoted writes bytes as strace does: octal numbers, as short as the next
// character allows.
func quoted(p []byte) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, c := range p[:min(len(p), shownBytes)] {
		digitNext := i+1 < len(p) && p[i+1] >= '0' && p[i+1] <= '9'
		named := strings.IndexByte("\"\\\n\t\r\v\f", c)
		switch {
		case named >= 0:
			b.WriteString(`\` + `"\ntrvf`[named:named+1])
		case c >= ' ' && c <= '~':
			b.WriteByte(c)
		case digitNext:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			fmt.Fprintf(&b, `\%o`, c)
		}
	}
	b.WriteByte('"')
	if len(p) > shownBytes {
		b.WriteString("...")
	}
	return b.String()
}

// flagNames writes the flags of open(2).
func flagNames(flags int) string {
	names := []string{map[int]string{os.O_RDONLY: "O_RDONLY", os.O_WRONLY: "O_WRONLY", os.O_RDWR: "O_RDWR"}[flags&syscall.O_ACCMODE]}
	for _, f := range []struct {
		bit  int
		name string
	}{
		{syscall.O_CREAT, "O_CREAT"}, {syscall.O_EXCL, "O_EXCL"}, {syscall.O_TRUNC, "O_TRUNC"},
		{syscall.O_APPEND, "O_APPEND"}, {syscall.O_NONBLOCK, "O_NONBLOCK"},
	} {
		if flags&f.bit != 0 {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, "|")
}

// modeName writes a mode as strace does.
func modeName(m fs.FileMode) string {
	kind := "S_IF???"
	switch m.Type() {
	case 0:
		kind = "S_IFREG"
	case fs.ModeDir:
		kind = "S_IFDIR"
	case fs.ModeDevice | fs.ModeCharDevice:
		kind = "S_IFCHR"
	}
	return fmt.Sprintf("%s|%#o", kind, m.Perm())
}
