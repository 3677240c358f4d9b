package p9srv

import (
	"container/list"
	"sync"
)

// bufferBudget bounds the memory that connections hold while they wait for their peers: for
// the rest of a large message, or for a peer that does not read. When there is too much
// of it, the connection that has waited longest is cut: peers that do what they should
// take milliseconds. Safe for concurrent use.
type bufferBudget struct {
	limit int // bytes; immutable

	// mu guards the fields below. It is held for list operations only.
	mu      sync.Mutex
	used    int
	waiting list.List // of *heldBuffers, that which has waited longest first
}

// heldBuffers is what one connection holds. It is used by its goroutine, but for its
// element.
type heldBuffers struct {
	of      *bufferBudget
	cut     func()        // called by other connections' goroutines, without a lock
	bytes   int           // 0: it does not wait
	element *list.Element // bufferBudget.mu guards it; nil: not in the list
}

// hold counts bytes until free, and cuts connections if there are too many, maybe this
// one.
func (h *heldBuffers) hold(bytes int) {
	if h.of == nil || h.bytes > 0 {
		return
	}
	h.bytes = bytes
	for _, victim := range h.of.enter(h) {
		victim.cut()
	}
}

// tryHold is hold for a connection that can do without: it reports whether there is
// room, and cuts nobody.
func (h *heldBuffers) tryHold(bytes int) bool {
	if h.of == nil || h.bytes > 0 {
		return true
	}
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	if h.of.used+bytes > h.of.limit {
		return false
	}
	h.bytes = bytes
	h.of.used += bytes
	h.element = h.of.waiting.PushBack(h)
	return true
}

// free ends hold.
func (h *heldBuffers) free() {
	if h.bytes == 0 {
		return
	}
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	h.of.removeLocked(h)
	h.bytes = 0
}

// enter adds a connection and returns those that must go.
func (b *bufferBudget) enter(h *heldBuffers) (victims []*heldBuffers) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += h.bytes
	h.element = b.waiting.PushBack(h)
	for b.used > b.limit {
		oldest := b.waiting.Front().Value.(*heldBuffers)
		b.removeLocked(oldest)
		victims = append(victims, oldest)
	}
	return victims
}

// removeLocked takes what a connection holds out of the count, once.
func (b *bufferBudget) removeLocked(h *heldBuffers) {
	if h.element == nil {
		return
	}
	b.waiting.Remove(h.element)
	h.element = nil
	b.used -= h.bytes
}
