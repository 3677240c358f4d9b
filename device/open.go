package device

import (
	"slices"
	"time"
)

// Open starts a session of a client on a file. It returns ENOENT if no loaded
// module has the file, EACCES if it is exclusive and this identity has it open,
// ENFILE while MaxSessions are open, and what the module says.
//
// It takes constant time, as does [Session.Close], however many sessions there
// are. The caller ends the session with Close.
func (k *Kernel) Open(name string, c Client) (*Session, error) {
	files := k.files.Load()
	f := (*files)[name]
	if f == nil {
		return nil, errNoFile
	}
	f.module.opening.RLock()
	defer f.module.opening.RUnlock()
	s := &Session{kernel: k, file: f, client: c, opened: time.Now()}
	started := false
	defer func() {
		if !started { // refused, or it panicked
			k.remove(s)
		}
	}()
	if err := k.enter(s, files); err != nil {
		return nil, err
	}
	handle, err := f.Open(c)
	if err != nil {
		return nil, err
	}
	s.start(handle)
	started = true
	k.log.printSession(c.User, s.opened, func() string { return name + ": opened by " + c.String() })
	return s, nil
}

// enter puts a session into the tables if it may be there. files is where its file was
// found.
func (k *Kernel) enter(s *Session, files *map[string]*file) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	// Under mu, because Unload clears the tables under it.
	if now := k.files.Load(); now != files && (*now)[s.file.Name] != s.file {
		return errNoFile
	}
	who, once := s.holder()
	if once && k.exclusive[who] != nil {
		return errOpenTwice
	}
	if k.MaxSessions > 0 && len(k.sessions.list) >= k.MaxSessions {
		return errTooMany
	}
	if once {
		k.exclusive[who] = s
	}
	k.sessions.add(s)
	k.index(s)
	s.file.module.uses.Add(1)
	k.countProcess(s.client.Identity, 1)
	return nil
}

// holder returns who may have the session's file open once, and whether that matters: an
// identity with the number of its open is another client each time.
func (s *Session) holder() (who holder, once bool) {
	if !s.file.Exclusive || s.client.Open != 0 {
		return holder{}, false
	}
	return holder{s.file.number, s.client.Identity}, true
}

// remove takes a session out of the tables, and says whether it was there.
func (k *Kernel) remove(s *Session) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.sessions.has(s) {
		return false
	}
	k.removeLocked(s)
	return true
}

func (k *Kernel) removeLocked(s *Session) {
	k.sessions.remove(s)
	k.unindex(s)
	if who, once := s.holder(); once {
		delete(k.exclusive, who)
	}
	s.file.module.uses.Add(-1)
	k.countProcess(s.client.Identity, -1)
}

// countProcess keeps the processes that NextProcess finds. mu is held.
func (k *Kernel) countProcess(id Identity, change int) {
	process := id.Process
	if process == 0 {
		return
	}
	id.Process = 0
	set := k.processes[id]
	if set == nil {
		set = newProcessSet()
		k.processes[id] = set
	}
	set.add(process, change)
	if set.empty() {
		delete(k.processes, id)
	}
}

// NextProcess returns the smallest process number above one under which a
// session is open whose identity is otherwise the given one, and whether there
// is one. Its time does not depend on how many sessions there are.
func (k *Kernel) NextProcess(id Identity, after uint32) (process uint32, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.processes[id]
	if set == nil {
		return 0, false
	}
	return set.next(after)
}

// Processes returns how many process numbers NextProcess finds for an identity.
func (k *Kernel) Processes(id Identity) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.processes[id]
	if set == nil {
		return 0
	}
	return len(set.counts)
}

// Sessions returns how many sessions are open.
func (k *Kernel) Sessions() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.sessions.list)
}

// All returns the open sessions, in no order, as they were when it was called.
func (k *Kernel) All() []*Session {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.sessions.list)
}

// owner is who may see a session beside the administrator: a verified user
// everywhere, and others on their own connection only. It is comparable.
type owner struct {
	uid  uint32 // of a verified user
	conn string // of others
}

func (u *User) owner() owner {
	if u.Vouched {
		return owner{uid: u.UID}
	}
	return owner{conn: u.Conn}
}

// index and unindex keep what Owned finds. mu is held.
func (k *Kernel) index(s *Session) {
	of := s.client.User.owner()
	if s.owned = k.owned[of]; s.owned == nil {
		s.owned = &sessionSet{by: ofOwner}
		k.owned[of] = s.owned
	}
	s.owned.add(s)
}

func (k *Kernel) unindex(s *Session) {
	s.owned.remove(s)
	if len(s.owned.list) == 0 {
		delete(k.owned, s.client.User.owner())
	}
	s.owned = nil
}

// CountOwned returns how many sessions Owned returns, in constant time.
func (k *Kernel) CountOwned(u *User) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if u.Admin {
		return len(k.sessions.list)
	}
	if set := k.owned[u.owner()]; set != nil {
		return len(set.list)
	}
	return 0
}

// Owned returns, in no order, the sessions that a user may see: all for the
// administrator, and otherwise those of the same verified user, or, of one whom
// nobody vouches for, those of the same connection. It looks at no others.
func (k *Kernel) Owned(u *User) []*Session {
	if u.Admin {
		return k.All()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if set := k.owned[u.owner()]; set != nil {
		return slices.Clone(set.list)
	}
	return nil
}
