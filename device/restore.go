package device

import (
	"fmt"
	"maps"
)

// Restore gives a new kernel the state of the kernel that was saved. The new kernel must
// contain all modules that were loaded in the saved one. None of its modules may ever have
// been loaded. [Kernel.RestoreSession] restores the sessions afterwards.
func (k *Kernel) Restore(saved Saved) error {
	if err := k.restoreNumbers(saved.Numbers); err != nil {
		return err
	}
	for _, name := range saved.Loaded {
		if err := k.Load(name); err != nil {
			return fmt.Errorf("load module %s again: %w", name, err)
		}
		if err := k.restoreModule(name, saved.Modules[name]); err != nil {
			return err
		}
	}
	return k.log.restore(saved.Log) // last: it drops the lines that Load has added
}

// restoreNumbers takes over the numbers of files. It refuses two files with one number.
func (k *Kernel) restoreNumbers(numbers map[string]uint16) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	taken := make(map[uint16]bool)
	for name, n := range numbers {
		if n == 0 || int(n) > len(numbers) || taken[n] {
			return fmt.Errorf("file %s has the number %d: want a number from 1 to %d that no other file has", Printable([]byte(name)), n, len(numbers))
		}
		taken[n] = true
	}
	k.numbers = maps.Clone(numbers)
	if k.numbers == nil {
		k.numbers = make(map[string]uint16)
	}
	return nil
}

func (k *Kernel) restoreModule(name string, state []byte) error {
	keeper, ok := k.find(name).code.(Keeper)
	switch {
	case !ok && state != nil:
		return fmt.Errorf("module %s cannot restore what it saved", name)
	case !ok:
		return nil
	}
	if err := keeper.Restore(state); err != nil {
		return fmt.Errorf("restore module %s: %w", name, err)
	}
	return nil
}

// RestoreSession returns a new session in the state of the saved one, as a session of u.
// It returns an error if no such session can exist, or if its module cannot restore it.
func (k *Kernel) RestoreSession(saved SavedSession, u *User) (*Session, error) {
	s := &Session{
		kernel: k, client: Client{Identity: saved.Identity, User: u, Door: saved.Door},
		calls: saved.Calls, opened: RestoredTime(saved.Opened),
	}
	module := k.find(saved.Module)
	if module == nil {
		return nil, fmt.Errorf("restore a session of %s: there is no module %s", saved.File, saved.Module)
	}
	if saved.Ended != 0 {
		s.file = &file{File: File{Name: saved.File, ValueSize: saved.ValueSize}, module: module}
		s.handle = ended(saved.Ended)
		return s, nil
	}
	files := k.files.Load()
	s.file = (*files)[saved.File]
	if s.file == nil || s.file.module != module || s.file.Restore == nil {
		return nil, fmt.Errorf("restore a session of %s: module %s cannot do that", saved.File, saved.Module)
	}
	handle, err := s.file.Restore(s.client, saved.Handle)
	if err != nil {
		return nil, fmt.Errorf("restore a session of %s: %w", saved.File, err)
	}
	s.handle = handle
	if err := k.enter(s, files); err != nil {
		handle.Close()
		return nil, fmt.Errorf("restore a session of %s for %s: %w", saved.File, s.client, err)
	}
	return s, nil
}

func (l *Log) restore(saved SavedLog) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.start, l.next = RestoredTime(saved.Start), saved.Next
	l.lines, l.tallies, l.shares = nil, make(map[source]*tally), make(map[source]*share)
	var least uint64
	for _, line := range saved.Lines {
		if line.Number < least || line.Number >= saved.Next {
			return fmt.Errorf("the lines of the log are out of order at line %d", line.Number)
		}
		least = line.Number + 1
		l.lines = append(l.lines, logLine{line.Number, l.tallyLocked(line.Source.restore()), line.Text})
	}
	for _, s := range saved.Shares {
		from := s.Source.restore()
		if s.Left < -shareReserve || !(s.Left <= shareReserve) || s.Dropped < 0 {
			return fmt.Errorf("the share of %s in the log's rate is out of range", from)
		}
		l.shares[from] = &share{source: from, left: s.Left, since: RestoredTime(s.Since), dropped: s.Dropped}
	}
	return nil
}

func (s SavedSource) restore() source { return source{sourceKind(s.Kind), s.UID, s.Opens} }

// RestoreReader returns a reader in the state of the saved one. It returns an error if no
// reader can have that state.
func (l *Log) RestoreReader(saved SavedReader) (*LogReader, error) {
	if saved.From > saved.To || saved.Line < saved.From || saved.Count < 0 || saved.Kept < 0 || saved.Offset < 0 {
		return nil, fmt.Errorf("no reader of lines %d to %d of the log can be at line %d", saved.From, saved.To, saved.Line)
	}
	return &LogReader{
		log: l, from: saved.From, to: saved.To, kept: saved.Kept,
		line: saved.Line, count: saved.Count, piece: saved.Piece, offset: saved.Offset, ended: saved.Ended,
	}, nil
}
