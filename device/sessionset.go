package device

// sessionSet is a set of sessions. Each session knows its position in the list, so
// adding and removing one needs no map: maps took a third of the time of an open
// (BenchmarkOpen in p9srv). Kernel.mu guards it.
type sessionSet struct {
	list []*Session
	by   setKind
}

// setKind is the index in Session.positions that a set uses. A session is in at most
// one set of each kind.
type setKind uint8

const (
	ofAll    setKind = iota // Kernel.sessions
	ofOwner                 // a set of Kernel.owned
	setKinds                // number of kinds
)

// add adds a session that is in no set of this kind.
func (t *sessionSet) add(s *Session) {
	t.list = append(t.list, s)
	s.positions[t.by] = uint32(len(t.list))
}

// has reports whether a session is in this set or in another set of the same kind.
func (t *sessionSet) has(s *Session) bool { return s.positions[t.by] != 0 }

// remove removes a session of the set. The last session moves to its position.
func (t *sessionSet) remove(s *Session) {
	end := len(t.list) - 1
	last := t.list[end]
	last.positions[t.by] = s.positions[t.by]
	t.list[s.positions[t.by]-1] = last
	t.list[end] = nil
	s.positions[t.by] = 0
	t.list = t.list[:end]
	if cap(t.list) > 64 && end < cap(t.list)/4 {
		t.list = append(make([]*Session, 0, end*2), t.list...)
	}
}
