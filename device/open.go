package device

import (
	"slices"
	"time"
)

// Open opens the file with that name for a client and returns the session, which
// the caller must close. Errors are:
//
//	ENOENT  no loaded module has the file
//	EACCES  the file is exclusive and this identity has it open
//	ENFILE  MaxSessions sessions are open
//
// and those of [File].Open. The time of Open and of [Session.Close] does not
// depend on how many sessions are open.
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
		if !started { // the module refused or panicked
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

// enter adds a session to the tables, or returns why it may not be open. files is
// the table in which Open found its file.
func (k *Kernel) enter(s *Session, files *map[string]*file) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	// The module may have been unloaded since Open found the file. From here on
	// an unload waits, because Open has locked the module's opening.
	if now := k.files.Load(); now != files && (*now)[s.file.Name] != s.file {
		return errNoFile
	}
	key, once := s.opener()
	if once && k.exclusive[key] != nil {
		return errOpenTwice
	}
	if k.MaxSessions > 0 && len(k.sessions.list) >= k.MaxSessions {
		return errTooMany
	}
	if once {
		k.exclusive[key] = s
	}
	k.sessions.add(s)
	k.index(s)
	s.file.module.uses.Add(1)
	k.countProcess(s.client.Identity, 1)
	return nil
}

// opener returns the key of the session in Kernel.exclusive. once is false if the
// session has no key: its file is not exclusive, or every open is its own client.
func (s *Session) opener() (key opener, once bool) {
	if !s.file.Exclusive || s.client.Open != 0 {
		return opener{}, false
	}
	return opener{s.file.number, s.client.Identity}, true
}

// remove removes a session from the tables and reports whether it was there.
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
	if key, once := s.opener(); once {
		delete(k.exclusive, key)
	}
	s.file.module.uses.Add(-1)
	k.countProcess(s.client.Identity, -1)
}

// countProcess adds change to the number of sessions of a process. NextProcess
// finds a process while that number is not 0. The caller holds mu.
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

// NextProcess returns the smallest process number above after that has an open
// session, and false if there is none. It considers the sessions whose identity equals
// id in all fields but Process, which must be 0 in id. Its time does not depend on how
// many sessions are open.
func (k *Kernel) NextProcess(id Identity, after uint32) (process uint32, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.processes[id]
	if set == nil {
		return 0, false
	}
	return set.next(after)
}

// Processes returns how many process numbers NextProcess finds for id.
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

// All returns the sessions that are open now, in no order.
func (k *Kernel) All() []*Session {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.sessions.list)
}

// owner says who may see a session, besides the administrator: a verified user on
// every connection, any other user on the session's connection only. It is
// comparable.
type owner struct {
	uid  uint32 // of a verified user; else 0
	conn string // of any other user; else ""
}

func (u *User) owner() owner {
	if u.Vouched {
		return owner{uid: u.UID}
	}
	return owner{conn: u.Conn}
}

// index adds a session to those that Owned finds. The caller holds mu.
func (k *Kernel) index(s *Session) {
	of := s.client.User.owner()
	if s.owned = k.owned[of]; s.owned == nil {
		s.owned = &sessionSet{by: ofOwner}
		k.owned[of] = s.owned
	}
	s.owned.add(s)
}

// unindex undoes index. The caller holds mu.
func (k *Kernel) unindex(s *Session) {
	s.owned.remove(s)
	if len(s.owned.list) == 0 {
		delete(k.owned, s.client.User.owner())
	}
	s.owned = nil
}

// CountOwned returns how many sessions Owned would return, in constant time.
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

// Owned returns the sessions that a user may see, in no order. An administrator
// sees all. A verified user sees the sessions with the same verified UID. Any other
// user sees the unverified sessions of the same connection. The time depends only
// on how many sessions it returns.
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
