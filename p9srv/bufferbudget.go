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
	waiting list.List // of *bufferClaim, that which has waited longest first
}

// bufferClaim is what one connection holds. It is used by its goroutine, but for its
// element.
type bufferClaim struct {
	of      *bufferBudget
	cut     func()        // called by others' goroutines, without a lock; it must not wait
	bytes   int           // 0: it does not wait
	element *list.Element // bufferBudget.mu guards it; nil: not in the list
}

// take counts bytes until free, and cuts connections if there are too many, but not this
// one.
func (h *bufferClaim) take(bytes int) {
	if h.of == nil || h.bytes > 0 {
		return
	}
	h.bytes = bytes
	for _, victim := range h.of.enter(h) {
		victim.cut()
	}
}

// tryTake is take for a connection that can do without: it reports whether there is
// room, and cuts nobody.
func (h *bufferClaim) tryTake(bytes int) bool {
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

// free ends a claim.
func (h *bufferClaim) free() {
	if h.bytes == 0 {
		return
	}
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	h.of.removeLocked(h)
	h.bytes = 0
}

// enter adds a connection and returns others that must go.
func (b *bufferBudget) enter(h *bufferClaim) (victims []*bufferClaim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += h.bytes
	h.element = b.waiting.PushBack(h)
	for b.used > b.limit && b.waiting.Len() > 1 {
		oldest := b.waiting.Front().Value.(*bufferClaim)
		b.removeLocked(oldest)
		victims = append(victims, oldest)
	}
	return victims
}

// removeLocked takes what a connection holds out of the count, once.
func (b *bufferBudget) removeLocked(h *bufferClaim) {
	if h.element == nil {
		return
	}
	b.waiting.Remove(h.element)
	h.element = nil
	b.used -= h.bytes
}
