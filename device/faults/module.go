package faults

import (
	"container/list"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"

	"fullex/device"
)

// Module returns a layer around sound with the planted faults. Listings show the name of
// each fault. The log shows each fault when the module is loaded. An error names a fault
// with a wrong value, or one that is not of the device.
func Module(sound *device.FullEx, planted ...Planted) (device.Module, error) {
	f, err := flawsOf(planted)
	if err != nil {
		return nil, err
	}
	m := &fullEx{
		FullEx: sound, planted: planted, flaws: f,
		open: list.New(), leakedBy: make(map[device.Identity]int),
		random: rand.New(rand.NewPCG(f.seed, 0)),
	}
	return Mark(m, planted...), nil
}

// fullEx is the module with faults.
type fullEx struct {
	*device.FullEx
	planted []Planted                                  // immutable
	flaws   flaws                                      // immutable
	sound   func(device.Client) (device.Handle, error) // File.Open of the sound module; immutable after Load
	room    atomic.Int64                               // sum of the capacities of all otherDeques, in values

	// mu guards the fields below and all deques: some faults change the deque of
	// another session. A caller may hold the lock of a device.Session.
	mu       sync.Mutex
	open     *list.List              // of *session, oldest first
	shared   *usedDeque              // the deque of all sessions, if they share one
	leaked   []*session              // closed but not freed, oldest first
	leakedBy map[device.Identity]int // number of leaked sessions of each client
	random   *rand.Rand
}

var (
	_ device.Module = (*fullEx)(nil)
	_ device.Sized  = (*fullEx)(nil)
)

// handle is the part of a session that contains the deque. Sound sessions implement it,
// too.
type handle interface {
	device.Handle
	device.Readable
	device.Gauge
	device.Valued
}

// usedDeque is a deque that one or more sessions use.
type usedDeque struct {
	handle
	users int // number of sessions that are not freed
}

// Load implements device.Module.
func (m *fullEx) Load(log *device.Log) []device.File {
	files := m.FullEx.Load(log)
	for _, p := range m.planted {
		log.Print("full_ex: faulty on purpose: " + p.String() + ": " + p.Sentence)
	}
	f := &files[0]
	f.Exclusive = !m.flaws.secondOpen
	if m.flaws.lostOnBigRead {
		f.ValueSize = 0 // so that Read gets a buffer of the size that the client asked for
	}
	m.sound, f.Open = f.Open, m.start
	return files
}

// Unload implements device.Module. It frees the leaked sessions.
func (m *fullEx) Unload(log *device.Log) {
	m.mu.Lock()
	for len(m.leaked) > 0 {
		m.freeOldestLocked()
	}
	m.mu.Unlock()
	m.FullEx.Unload(log)
}

// Size implements device.Sized.
func (m *fullEx) Size() int { return m.FullEx.Size() + device.ValueSize*int(m.room.Load()) }

// start is the File.Open of the faulty module.
func (m *fullEx) start(c device.Client) (device.Handle, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leakedBy[c.Identity] > 0 {
		return nil, syscall.EACCES
	}
	d, err := m.dequeLocked(c)
	if err != nil {
		return nil, err
	}
	s := &session{module: m, client: c, deque: d}
	s.element = m.open.PushBack(s)
	return s, nil
}

// dequeLocked returns the deque of a new session.
func (m *fullEx) dequeLocked(c device.Client) (*usedDeque, error) {
	d := m.shared
	if d == nil {
		empty, err := m.newHandle(c)
		if err != nil {
			return nil, err
		}
		d = &usedDeque{handle: empty}
	}
	if m.flaws.sharedSession {
		m.shared = d
	}
	d.users++
	return d, nil
}

// newHandle returns an uninitialised deque: the sound module's, unless the flaws need an
// otherDeque.
func (m *fullEx) newHandle(c device.Client) (handle, error) {
	if m.flaws.otherDeque() {
		return &otherDeque{flaws: &m.flaws, all: &m.room}, nil
	}
	h, err := m.sound(c)
	if err != nil {
		return nil, err
	}
	return h.(handle), nil // every handle of device.FullEx is one
}

// closed closes a session. The session leaks. If more than flaws.leak sessions have leaked,
// closed frees the oldest of them.
func (m *fullEx) closed(s *session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open.Remove(s.element)
	if oldest := m.open.Front(); oldest != nil && m.flaws.closeFreesOther {
		m.emptyLocked(oldest.Value.(*session))
	}
	m.leaked = append(m.leaked, s)
	m.leakedBy[s.client.Identity]++
	if len(m.leaked) > m.flaws.leak {
		m.freeOldestLocked()
	}
}

// emptyLocked replaces a session's deque by a new, uninitialised one.
func (m *fullEx) emptyLocked(s *session) {
	if empty, err := m.newHandle(s.client); err == nil {
		s.deque.Close()
		s.deque.handle = empty
	}
}

// freeOldestLocked frees the leaked session that was closed first.
func (m *fullEx) freeOldestLocked() {
	s := m.leaked[0]
	m.leaked = m.leaked[1:]
	who := s.client.Identity
	if m.leakedBy[who]--; m.leakedBy[who] == 0 {
		delete(m.leakedBy, who)
	}
	if s.deque.users--; s.deque.users > 0 {
		return
	}
	s.deque.Close()
	if m.shared == s.deque {
		m.shared = nil
	}
}
