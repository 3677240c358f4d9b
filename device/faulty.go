package device

import (
	"container/list"
	"math/rand/v2"
	"sync"
)

// Faulty returns the module full_ex with faults planted. It is the sound module
// with a layer around it, and where no fault says otherwise the sound module's
// sessions answer. The log tells of each fault when it is loaded.
func Faulty(sound *FullEx, faults ...Planted) (Module, error) {
	f, err := flawsOf(faults)
	if err != nil {
		return nil, err
	}
	return &faultyFullEx{
		FullEx: sound, planted: faults, flaws: f,
		open: list.New(), held: make(map[Identity]int),
		random: rand.New(rand.NewPCG(f.seed, 0)),
	}, nil
}

// faultyFullEx is the module with faults.
type faultyFullEx struct {
	*FullEx
	planted []Planted // immutable
	flaws   flaws     // immutable

	// mu guards the fields below and all deques, as faults reach from one
	// session into another. It is taken with a Session's lock held.
	mu     sync.Mutex
	open   *list.List       // of *faultySession, the oldest first
	shared *faultyDeque     // of all, if they share one
	leaked []*faultySession // closed and not freed, the oldest first
	held   map[Identity]int // how many of these a client has
	random *rand.Rand
}

var (
	_ Module = (*faultyFullEx)(nil)
	_ Sized  = (*faultyFullEx)(nil)
	_ Marked = (*faultyFullEx)(nil)
)

// faultyDeque is a sound session's deque and how many faulty ones use it.
type faultyDeque struct {
	fullExSession
	users int
}

// Planted implements Marked.
func (m *faultyFullEx) Planted() []Planted { return m.planted }

// Load implements Module.
func (m *faultyFullEx) Load(log *Log) []File {
	files := m.FullEx.Load(log)
	for _, p := range m.planted {
		log.Print("full_ex: faulty on purpose: " + p.String() + ": " + p.Sentence)
	}
	files[0].Exclusive = !m.flaws.secondOpen
	files[0].WholeReads = m.flaws.lostOnBigRead
	files[0].Open = m.start
	return files
}

// Unload implements Module. It frees what leaked.
func (m *faultyFullEx) Unload(log *Log) {
	m.mu.Lock()
	for len(m.leaked) > 0 {
		m.freeOldestLocked()
	}
	m.mu.Unlock()
	m.FullEx.Unload(log)
}

// start is the open of the device.
func (m *faultyFullEx) start(c Client) (Handle, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held[c.Identity] > 0 {
		return nil, errOpenTwice
	}
	s := &faultySession{module: m, client: c.Identity, deque: m.dequeLocked()}
	s.place = m.open.PushBack(s)
	return s, nil
}

// dequeLocked returns the deque of a new session.
func (m *faultyFullEx) dequeLocked() *faultyDeque {
	d := m.shared
	if d == nil {
		d = &faultyDeque{fullExSession: fullExSession{module: m.FullEx}}
	}
	if m.flaws.sharedSession {
		m.shared = d
	}
	d.users++
	return d
}

// closed is the close of a session.
func (m *faultyFullEx) closed(s *faultySession) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open.Remove(s.place)
	if oldest := m.open.Front(); oldest != nil && m.flaws.closeFreesOther {
		oldest.Value.(*faultySession).deque.Close() // as good as new
	}
	m.leaked = append(m.leaked, s)
	m.held[s.client]++
	if len(m.leaked) > m.flaws.leak {
		m.freeOldestLocked()
	}
}

// freeOldestLocked frees the session that was closed first of those that are
// not freed.
func (m *faultyFullEx) freeOldestLocked() {
	s := m.leaked[0]
	m.leaked = m.leaked[1:]
	if m.held[s.client]--; m.held[s.client] == 0 {
		delete(m.held, s.client)
	}
	if s.deque.users--; s.deque.users > 0 {
		return
	}
	s.deque.Close()
	if m.shared == s.deque {
		m.shared = nil
	}
}
