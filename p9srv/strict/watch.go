package strict

import (
	"context"
	"sync"
	"sync/atomic"

	"fullex/p9srv"
)

// Watch counts the sins of a server's clients. The zero Watch is ready to use. Its methods
// are safe for concurrent use.
type Watch struct {
	sins atomic.Uint64

	// mu guards the fields below.
	mu    sync.Mutex
	conns int           // that have not ended
	quiet chan struct{} // closed when conns becomes 0; nil: it is 0
}

// Layer is the p9srv.Layer that watches a connection.
func (w *Watch) Layer(p p9srv.Processor, way p9srv.Way) p9srv.Processor {
	c := &conn{Processor: p, watch: w, log: way.Log}
	c.enter()
	way.AtEnd(c.end)
	return c
}

// Sins returns how many sins there were.
func (w *Watch) Sins() uint64 { return w.sins.Load() }

// Settle waits until every connection has ended, or ctx ends. Then Sins includes their sins.
func (w *Watch) Settle(ctx context.Context) {
	w.mu.Lock()
	quiet := w.quiet
	w.mu.Unlock()
	if quiet == nil {
		return
	}
	select {
	case <-quiet:
	case <-ctx.Done():
	}
}

// enter counts a connection.
func (w *Watch) enter() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns == 0 {
		w.quiet = make(chan struct{})
	}
	w.conns++
}

// leave undoes enter.
func (w *Watch) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns--
	if w.conns == 0 {
		close(w.quiet)
		w.quiet = nil
	}
}
