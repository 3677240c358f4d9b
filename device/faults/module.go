package faults

import (
	"container/list"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"

	"fullex/device"
)

// Module returns the module full_ex with faults planted. Listings and, when it is
// loaded, the log show each of them.
func Module(sound *device.FullEx, planted ...Planted) (device.Module, error) {
	f, err := flawsOf(planted)
	if err != nil {
		return nil, err
	}
	m := &fullEx{
		FullEx: sound, planted: planted, flaws: f,
		open: list.New(), held: make(map[device.Identity]int),
		random: rand.New(rand.NewPCG(f.seed, 0)),
	}
	return Mark(m, planted...), nil
}

// fullEx is the module with faults.
type fullEx struct {
	*device.FullEx
	planted []Planted                                  // immutable
	flaws   flaws                                      // immutable
	sound   func(device.Client) (device.Handle, error) // the sound open; immutable after Load
	room    atomic.Int64                               // values that fit all of this package's deques

	// mu guards the fields below and all deques, because faults reach from one
	// session into another. It is taken with a device.Session's lock held.
	mu     sync.Mutex
	open   *list.List              // of *session, the oldest first
	shared *usedDeque              // of all, if they share one
	leaked []*session              // closed and not freed, the oldest first
	held   map[device.Identity]int // how many of these a client has
	random *rand.Rand
}

var (
	_ device.Module = (*fullEx)(nil)
	_ device.Sized  = (*fullEx)(nil)
)

// handle is what every deque has, a sound session's too.
type handle interface {
	device.Handle
	device.Readable
	device.Gauge
	device.Valued
}

// usedDeque is a deque and how many sessions use it.
type usedDeque struct {
	handle
	users int
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
		f.ValueSize = 0 // so that Read sees how much was asked for
	}
	m.sound, f.Open = f.Open, m.start
	return files
}

// Unload implements device.Module. It frees what leaked.
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

// start is the open of the device.
func (m *fullEx) start(c device.Client) (device.Handle, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held[c.Identity] > 0 {
		return nil, syscall.EACCES
	}
	d, err := m.dequeLocked(c)
	if err != nil {
		return nil, err
	}
	s := &session{module: m, client: c, deque: d}
	s.place = m.open.PushBack(s)
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

// newHandle returns a deque that is uninitialised: the sound module's, if that does.
func (m *fullEx) newHandle(c device.Client) (handle, error) {
	if m.flaws.otherDeque() {
		return &otherDeque{flaws: &m.flaws, all: &m.room}, nil
	}
	h, err := m.sound(c)
	if err != nil {
		return nil, err
	}
	return h.(handle), nil // full_ex's are
}

// closed is the close of a session.
func (m *fullEx) closed(s *session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open.Remove(s.place)
	if oldest := m.open.Front(); oldest != nil && m.flaws.closeFreesOther {
		m.emptyLocked(oldest.Value.(*session))
	}
	m.leaked = append(m.leaked, s)
	m.held[s.client.Identity]++
	if len(m.leaked) > m.flaws.leak {
		m.freeOldestLocked()
	}
}

// emptyLocked replaces a session's deque by a new one.
func (m *fullEx) emptyLocked(s *session) {
	if empty, err := m.newHandle(s.client); err == nil {
		s.deque.Close()
		s.deque.handle = empty
	}
}

// freeOldestLocked frees the session that was closed first of those that are
// not freed.
func (m *fullEx) freeOldestLocked() {
	s := m.leaked[0]
	m.leaked = m.leaked[1:]
	who := s.client.Identity
	if m.held[who]--; m.held[who] == 0 {
		delete(m.held, who)
	}
	if s.deque.users--; s.deque.users > 0 {
		return
	}
	s.deque.Close()
	if m.shared == s.deque {
		m.shared = nil
	}
}
