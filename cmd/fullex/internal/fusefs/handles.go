package fusefs

import "sync"

// handles are the open files and directories by number. The kernel names them by these
// numbers, its file handles. Safe for concurrent use.
type handles struct {
	mu     sync.RWMutex // guards the fields below
	last   uint64       // the last number that was given out
	open   map[uint64]*handle
	byNode map[uint64]map[*handle]bool // by node ID, files only
}

// add returns the number of a new handle.
func (t *handles) add(h *handle) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open, t.byNode = make(map[uint64]*handle), make(map[uint64]map[*handle]bool)
	}
	t.last++
	t.open[t.last] = h
	if !h.node.IsDir() {
		of := t.byNode[h.id]
		if of == nil {
			of = make(map[*handle]bool, 1)
			t.byNode[h.id] = of
		}
		of[h] = true
	}
	return t.last
}

// get returns the handle of a number, or nil if that is not open.
func (t *handles) get(number uint64) *handle {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.open[number]
}

// remove removes a handle and returns it, or nil if the number is not open.
func (t *handles) remove(number uint64) *handle {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.open[number]
	if h == nil {
		return nil
	}
	delete(t.open, number)
	if of := t.byNode[h.id]; of != nil {
		if delete(of, h); len(of) == 0 {
			delete(t.byNode, h.id)
		}
	}
	return h
}

// ofNode returns one handle of a file, or nil if the file is not open. It also reports
// whether the file has other handles.
func (t *handles) ofNode(id uint64) (some *handle, others bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	of := t.byNode[id]
	for h := range of {
		return h, len(of) > 1
	}
	return nil, false
}
