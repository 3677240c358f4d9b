package device

// sessionSet is a set of sessions of which each knows its place, so that adding and
// removing one hash nothing: maps took a third of the time of an open (BenchmarkOpen in
// p9srv). Kernel.mu guards it.
type sessionSet struct {
	list []*Session
	by   setKind
}

// setKind says which of a session's places a set uses: a session is in one set of each
// kind at most.
type setKind uint8

const (
	ofAll setKind = iota
	ofOwner
	setKinds
)

// add adds a session that is in no set of this kind.
func (t *sessionSet) add(s *Session) {
	t.list = append(t.list, s)
	s.places[t.by] = uint32(len(t.list))
}

// has reports whether a session is in the set, or in another of its kind.
func (t *sessionSet) has(s *Session) bool { return s.places[t.by] != 0 }

// remove removes a session that is there: the last one takes its place.
func (t *sessionSet) remove(s *Session) {
	end := len(t.list) - 1
	last := t.list[end]
	last.places[t.by] = s.places[t.by]
	t.list[s.places[t.by]-1] = last
	t.list[end] = nil
	s.places[t.by] = 0
	t.list = t.list[:end]
	if cap(t.list) > 64 && end < cap(t.list)/4 {
		t.list = append(make([]*Session, 0, end*2), t.list...)
	}
}
