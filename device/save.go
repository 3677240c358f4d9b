package device

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Saver is implemented by a [Handle] whose session can go on in another process. There,
// File.Restore gets what Save returned.
type Saver interface {
	// Save returns the state, encoded as the module likes. It changes nothing.
	Save() ([]byte, error)
}

// Keeper is implemented by a [Module] that has a state besides its sessions.
type Keeper interface {
	Saver
	// Restore takes over the state that Save returned in another process. It is called
	// after Load and before any session is restored. An error makes the restore fail.
	Restore(saved []byte) error
}

// Save returns the state of the kernel without its sessions. Nobody may use the kernel
// until Save has returned. The error says which module cannot save its state.
func (k *Kernel) Save() (Saved, error) {
	k.loading.Lock()
	defer k.loading.Unlock()
	saved := Saved{Numbers: maps.Clone(k.numbers), Modules: make(map[string][]byte), Log: k.log.save()}
	for _, m := range k.modules {
		if !m.loaded {
			continue
		}
		name := m.code.Name()
		saved.Loaded = append(saved.Loaded, name)
		if keeper, ok := m.code.(Keeper); ok {
			state, err := keeper.Save()
			if err != nil {
				return Saved{}, fmt.Errorf("save module %s: %w", name, err)
			}
			saved.Modules[name] = state
		}
	}
	return saved, nil
}

// Save returns the session without its user. Nobody may use the session until Save has
// returned. The error says that the module cannot save the session.
func (s *Session) Save() (SavedSession, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	saved := SavedSession{
		Module: s.Module(), File: s.file.Name, ValueSize: s.file.ValueSize,
		Identity: s.client.Identity, Door: s.client.Door, Opened: savedTime(s.opened), Calls: s.calls,
	}
	if reason, ok := s.handle.(ended); ok {
		saved.Ended = uint32(reason)
		return saved, nil
	}
	handle, ok := s.handle.(Saver)
	if !ok || s.file.Restore == nil {
		return saved, fmt.Errorf("module %s has sessions and cannot save them", saved.Module)
	}
	var err error
	if saved.Handle, err = handle.Save(); err != nil {
		return saved, fmt.Errorf("save a session of %s: %w", saved.File, err)
	}
	return saved, nil
}

func (l *Log) save() SavedLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	saved := SavedLog{Start: savedTime(l.start), Next: l.next}
	for _, line := range l.lines {
		saved.Lines = append(saved.Lines, SavedLine{line.number, line.of.source.save(), line.text})
	}
	for _, s := range l.shares {
		saved.Shares = append(saved.Shares, SavedShare{s.source.save(), s.left, savedTime(s.since), s.dropped})
	}
	slices.SortFunc(saved.Shares, func(a, b SavedShare) int { // a log is always encoded as the same bytes
		return cmp.Or(cmp.Compare(a.Source.Kind, b.Source.Kind), cmp.Compare(a.Source.UID, b.Source.UID), cmp.Compare(a.Since, b.Since))
	})
	return saved
}

func (s source) save() SavedSource { return SavedSource{uint8(s.kind), s.uid, s.opens} }

// Save returns the position of the reader.
func (r *LogReader) Save() SavedReader {
	r.mu.Lock()
	defer r.mu.Unlock()
	return SavedReader{r.from, r.to, r.kept, r.line, r.count, r.piece, r.offset, r.ended}
}
