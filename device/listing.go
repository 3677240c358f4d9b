package device

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ListModules returns a line for each loaded module, in lsmod's columns under a
// head line: name; size, which is what its sessions' values may take, in
// bytes; and how many sessions use it. A module that is [Noted] has its note as one
// more column. Its time does not depend on how many sessions there are.
func (k *Kernel) ListModules() string { return join(k.moduleLines()) }

// ModulesSize returns the length of what ListModules would return, in bytes.
func (k *Kernel) ModulesSize() int { return measure(k.moduleLines()) }

// moduleLines yields the lines of ListModules. Each is valid until the next.
func (k *Kernel) moduleLines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		k.loading.Lock()
		defer k.loading.Unlock()
		line := fmt.Appendf(nil, "%-19s %8s  %s\n", "Module", "Size", "Used by")
		if !yield(line) {
			return
		}
		for _, m := range k.modules {
			if !m.live {
				continue
			}
			size := 0
			if s, ok := m.module.(Sized); ok {
				size = s.Size()
			}
			line = fmt.Appendf(line[:0], "%-19s %8d  %d%s\n", m.module.Name(), size, m.uses.Load(), note(m.module))
			if !yield(line) {
				return
			}
		}
	}
}

// note is the column of a module's note, with a blank before it, or nothing.
func note(m Module) string {
	if noted, ok := m.(Noted); ok {
		return " " + noted.Note()
	}
	return ""
}

// ListSessions returns a line for each session that a user may see, oldest
// first, under a head line. Columns are separated by blanks and hold none:
//
//	MODULE    of the file
//	DOOR      by which it was opened: "/", "/each", "/pid/7"
//	UID       verified user, or "-"
//	CLAIMED   user that the client named, or "-"
//	CAPACITY  of the deque; 0: not set
//	LENGTH    values in it
//	AGE       whole seconds
//	CALLS     reads and writes so far
//	CONN      connection, by its number
//	CLIENT    transport and peer
func (k *Kernel) ListSessions(viewer *User) string {
	sessions := k.Owned(viewer)
	slices.SortFunc(sessions, func(a, b *Session) int {
		return cmp.Or(a.opened.Compare(b.opened), cmp.Compare(a.client.Process, b.client.Process))
	})
	return join(sessionLines(sessions))
}

// SessionsSize returns the length of what ListSessions would return, in bytes. It looks
// at the same sessions, but neither sorts them nor makes the text.
func (k *Kernel) SessionsSize(viewer *User) int { return measure(sessionLines(k.Owned(viewer))) }

// sessionLines yields the lines of ListSessions. Each is valid until the next.
func sessionLines(sessions []*Session) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		now := time.Now()
		line := []byte("MODULE DOOR UID CLAIMED CAPACITY LENGTH AGE CALLS CONN CLIENT\n")
		if !yield(line) {
			return
		}
		var user *User
		var origin []byte // columns of a user, which sessions mostly share with the one before
		for _, s := range sessions {
			if s.client.User != user {
				user = s.client.User
				origin = user.appendOrigin(origin[:0])
			}
			line = append(s.appendLine(line[:0], now), origin...)
			if !yield(line) {
				return
			}
		}
	}
}

// appendLine appends the session's line.
func (s *Session) appendLine(b []byte, now time.Time) []byte {
	u, state := s.client.User, s.State()
	b = append(append(append(b, s.Module()...), ' '), s.client.Door...)
	if s.client.Process != 0 {
		b = appendNumber(append(b, '/'), s.client.Process, true)
	}
	b = appendNumber(append(b, ' '), u.UID, u.Vouched)
	b = appendNumber(append(b, ' '), u.Claimed, u.Claimed != 0xffffffff)
	b = strconv.AppendInt(append(b, ' '), int64(state.Capacity), 10)
	b = strconv.AppendInt(append(b, ' '), int64(state.Length), 10)
	b = strconv.AppendInt(append(b, ' '), int64(now.Sub(s.opened)/time.Second), 10)
	return strconv.AppendUint(append(b, ' '), state.Calls, 10)
}

// appendOrigin appends where the user comes from, and the line's end.
func (u *User) appendOrigin(b []byte) []byte {
	b = appendWord(append(b, ' '), u.Conn)
	b = appendWord(append(b, ' '), u.Where)
	return append(b, '\n')
}

// appendNumber appends a column that may be unknown.
func appendNumber(b []byte, n uint32, known bool) []byte {
	if !known {
		return append(b, '-')
	}
	return strconv.AppendUint(b, uint64(n), 10)
}

// appendWord appends a column that is one word made of a text, which a peer may have a
// say in: the words of the text, with commas between them.
func appendWord(b []byte, text string) []byte {
	if strings.ContainsFunc(text, needsEscape) {
		text = Printable([]byte(text))
	}
	start := len(b)
	for word := range strings.FieldsSeq(text) {
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(b, word...)
	}
	if len(b) == start {
		return append(b, '-')
	}
	return b
}

// needsEscape reports whether Printable may change a rune.
func needsEscape(r rune) bool { return r < ' ' || r > '~' || r == '\\' }

// join returns the lines as one text.
func join(lines iter.Seq[[]byte]) string {
	var b strings.Builder
	for line := range lines {
		b.Write(line)
	}
	return b.String()
}

// measure returns the length of the lines together.
func measure(lines iter.Seq[[]byte]) (size int) {
	for line := range lines {
		size += len(line)
	}
	return size
}
