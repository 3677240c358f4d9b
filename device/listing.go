package device

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ListModules returns a line for each loaded module, in lsmod's columns under a
// head line: name; size, which is what its sessions' values may take, in
// bytes; and how many sessions use it. A module that is [Noted] has its note as one
// more column. Its time does not depend on how many sessions there are.
func (k *Kernel) ListModules() string {
	k.loading.Lock()
	defer k.loading.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%-19s %8s  %s\n", "Module", "Size", "Used by")
	for _, m := range k.modules {
		if m.live {
			size := 0
			if s, ok := m.module.(Sized); ok {
				size = s.Size()
			}
			fmt.Fprintf(&b, "%-19s %8d  %d%s\n", m.module.Name(), size, m.uses.Load(), note(m.module))
		}
	}
	return b.String()
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
	now := time.Now()
	var b strings.Builder
	b.WriteString("MODULE DOOR UID CLAIMED CAPACITY LENGTH AGE CALLS CONN CLIENT\n")
	for _, s := range sessions {
		s.list(&b, now)
	}
	return b.String()
}

func (s *Session) list(b *strings.Builder, now time.Time) {
	u, state := s.client.User, s.State()
	door := s.client.Door
	if s.client.Process != 0 {
		door += fmt.Sprintf("/%d", s.client.Process)
	}
	fmt.Fprintf(b, "%s %s %s %s %d %d %d %d %s %s\n", s.Module(), door,
		number(u.UID, u.Vouched), number(u.Claimed, u.Claimed != 0xffffffff),
		state.Capacity, state.Length, int(now.Sub(s.opened).Seconds()), state.Calls,
		column(u.Conn), column(u.Where))
}

// number is a column that may be unknown.
func number(n uint32, known bool) string {
	if !known {
		return "-"
	}
	return fmt.Sprint(n)
}

// column makes one word of a text, which a peer may have a say in.
func column(s string) string {
	words := strings.Fields(Printable([]byte(s)))
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, ",")
}
