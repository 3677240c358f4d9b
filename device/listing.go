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

// ListModules returns a header line and a line for each loaded module. The columns are
// those of lsmod(8): the name, the size, and the number of open sessions. The size is
// how many bytes the values of the sessions may take. A module that is [Noted] has its
// note as one more column.
//
// The time does not depend on how many sessions are open.
func (k *Kernel) ListModules() string { return join(k.moduleLines()) }

// ModulesSize returns the length of the text of ListModules, in bytes.
func (k *Kernel) ModulesSize() int { return measure(k.moduleLines()) }

// moduleLines yields the lines of ListModules. A line is valid until the next one.
func (k *Kernel) moduleLines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		k.loading.Lock()
		defer k.loading.Unlock()
		line := fmt.Appendf(nil, "%-19s %8s  %s%s\n", "Module", "Size", "Used by", k.generation())
		if !yield(line) {
			return
		}
		for _, m := range k.modules {
			if !m.loaded {
				continue
			}
			size := 0
			if s, ok := m.code.(Sized); ok {
				size = s.Size()
			}
			line = fmt.Appendf(line[:0], "%-19s %8d  %d%s\n", m.code.Name(), size, m.uses.Load(), note(m.code))
			if !yield(line) {
				return
			}
		}
	}
}

// generation returns a word for the head of ListModules, after blanks, or "".
func (k *Kernel) generation() string {
	if k.Generation < 2 {
		return ""
	}
	return fmt.Sprintf("  (generation %d)", k.Generation)
}

// note returns a blank and the module's note, or "" if the module has none.
func note(m Module) string {
	if noted, ok := m.(Noted); ok {
		return " " + noted.Note()
	}
	return ""
}

// ListSessions returns a header line and a line for each session that the viewer may
// see (see [Kernel.Owned]), oldest first. Blanks separate the columns, and no column
// contains one:
//
//	MODULE    name of the module
//	DOOR      directory through which the file was opened: "/", "/each", "/pid/7"
//	UID       verified user, or "-"
//	CLAIMED   user that the client named, or "-"
//	CAPACITY  capacity of the deque, in values; 0: not set
//	LENGTH    number of values in the deque
//	AGE       time since the open, in whole seconds
//	CALLS     number of reads and writes so far
//	CONN      User.Conn
//	CLIENT    User.Where
func (k *Kernel) ListSessions(viewer *User) string {
	sessions := k.Owned(viewer)
	slices.SortFunc(sessions, func(a, b *Session) int {
		return cmp.Or(a.opened.Compare(b.opened), cmp.Compare(a.client.Process, b.client.Process))
	})
	return join(sessionLines(sessions))
}

// SessionsSize returns the length of the text of ListSessions, in bytes. It looks at
// the same sessions, but neither sorts them nor builds the text.
func (k *Kernel) SessionsSize(viewer *User) int { return measure(sessionLines(k.Owned(viewer))) }

// sessionLines yields the lines of ListSessions. A line is valid until the next one.
func sessionLines(sessions []*Session) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		now := time.Now()
		line := []byte("MODULE DOOR UID CLAIMED CAPACITY LENGTH AGE CALLS CONN CLIENT\n")
		if !yield(line) {
			return
		}
		var user *User
		var origin []byte // last columns of user; consecutive sessions often have the same user
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

// appendLine appends the columns of the session but those of appendOrigin.
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

// appendOrigin appends the columns CONN and CLIENT, and the newline.
func (u *User) appendOrigin(b []byte) []byte {
	b = appendWord(append(b, ' '), u.Conn)
	b = appendWord(append(b, ' '), u.Where)
	return append(b, '\n')
}

// appendNumber appends n, or "-" if it is not known.
func appendNumber(b []byte, n uint32, known bool) []byte {
	if !known {
		return append(b, '-')
	}
	return strconv.AppendUint(b, uint64(n), 10)
}

// appendWord appends a text as one column: its words, separated by commas, or "-" if
// it has none. Parts of the text may come from a peer, so Printable escapes it.
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
