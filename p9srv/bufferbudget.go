package p9srv

import (
	"container/list"
	"sync"
)

// bufferBudget bounds the memory that connections use while they wait for their peers. They
// wait for the rest of a large frame, or for a peer that does not read. Above the limit, the
// connection that has waited longest is cut. Well-behaved peers take milliseconds, so they
// seldom are the ones. A bufferBudget is safe for concurrent use.
type bufferBudget struct {
	limit int // bytes; immutable

	// mu guards the fields below. It is locked for list operations only.
	mu      sync.Mutex
	used    int       // bytes
	waiting list.List // of *bufferClaim; the one that has waited longest comes first
}

// bufferClaim is the memory that one connection uses while it waits. Only the goroutine of
// the connection uses it, except for element.
type bufferClaim struct {
	of      *bufferBudget // nil: no budget
	cut     func()        // ends the connection; any goroutine calls it, without a lock; it must not wait
	bytes   int           // 0: the connection does not wait
	element *list.Element // guarded by bufferBudget.mu; nil: not in the list
}

// take counts bytes against the budget until free. If the budget is exceeded, it cuts other
// connections.
func (h *bufferClaim) take(bytes int) {
	if h.of == nil || h.bytes > 0 {
		return
	}
	h.bytes = bytes
	for _, victim := range h.of.enter(h) {
		victim.cut()
	}
}

// tryTake counts bytes against the budget only if there is room, and cuts no connection. It
// returns false if there is no room.
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

// free ends the claim.
func (h *bufferClaim) free() {
	if h.bytes == 0 {
		return
	}
	h.of.mu.Lock()
	defer h.of.mu.Unlock()
	h.of.removeLocked(h)
	h.bytes = 0
}

// enter adds a claim and returns the claims of the connections that must be cut.
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

// removeLocked removes a claim from the budget, if it is there.
func (b *bufferBudget) removeLocked(h *bufferClaim) {
	if h.element == nil {
		return
	}
	b.waiting.Remove(h.element)
	h.element = nil
	b.used -= h.bytes
}
