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

// firstCalls and lastCalls are how many calls a trace keeps from the start and the end of a
// trial.
const (
	firstCalls = 12
	lastCalls  = 40
)

// trace is the record of the calls of a trial. It is safe for concurrent use.
type trace struct {
	mu    sync.Mutex
	first []*call
	last  []*call // when it is full, a ring whose oldest call is at next
	next  int
	total int
}

// call is one recorded call. The mutex of its trace guards it.
type call struct {
	name   string // "read"
	text   string // start of the line: "read(3"
	result string // rest of the line: ", 4) = 4"
	done   bool
	start  time.Time
}

// begin records a call that is about to be made.
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

// end records the result of a call.
func (t *trace) end(c *call, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.result, c.done = fmt.Sprintf(format, args...), true
}

// orderedLocked returns the calls that are kept, oldest first. The caller has locked mu.
func (t *trace) orderedLocked() []*call {
	kept := append([]*call(nil), t.first...)
	kept = append(kept, t.last[t.next:]...)
	return append(kept, t.last[:t.next]...)
}

// lines returns the calls as strace(1) prints them.
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

// waiting returns the name of the oldest call that has waited for at least this time, or
// "". It also returns how many calls were made.
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

// returned formats a result: a number, or -1 and an errno with its meaning.
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

// shownBytes is how many bytes of a buffer are shown, as many as strace shows.
const shownBytes = 32

// quoted formats bytes as strace does, with octal numbers as short as the next character
// allows.
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

// flagNames formats the flags of open(2).
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

// modeName formats a mode as strace does.
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
