package p9srv

import (
	"context"
	"sync"
	"sync/atomic"
)

// freezer makes the goroutines of a server stand still and go on. It counts those that
// must: connections, and what accepts them. Safe for concurrent use.
type freezer struct {
	stopping context.Context // of the server; immutable
	changed  chan struct{}   // a hint that counts have changed; has room for one

	// current ends when a freeze begins and when the server stops its connections.
	current atomic.Pointer[epoch]

	// mu guards the fields below. It is taken after Server.mu.
	mu        sync.Mutex
	thawed    chan struct{} // closed when the freeze ends; nil: there is none
	admitting int           // connections that are being accepted or added
	still     int           // connections that stand still
}

// epoch is a time in which the server is not frozen.
type epoch struct {
	context.Context
	end context.CancelFunc
}

// init makes a freezer ready that is its zero value.
func (f *freezer) init(stopping context.Context) {
	f.stopping, f.changed = stopping, make(chan struct{}, 1)
	f.startEpoch()
}

func (f *freezer) startEpoch() {
	ctx, end := context.WithCancel(f.stopping)
	f.current.Store(&epoch{ctx, end})
}

// epoch returns a context that ends when a freeze begins, and when connections are made to
// end.
func (f *freezer) epoch() context.Context { return f.current.Load() }

// isFrozen reports whether a freeze has begun, or connections are made to end.
func (f *freezer) isFrozen() bool {
	select {
	case <-f.epoch().Done():
		return true
	default:
		return false
	}
}

// freeze begins a freeze. It reports false if there is one.
func (f *freezer) freeze() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.thawed != nil {
		return false
	}
	f.thawed = make(chan struct{})
	f.current.Load().end()
	return true
}

// thaw ends a freeze.
func (f *freezer) thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.startEpoch()
	close(f.thawed)
	f.thawed = nil
}

// freezing returns what is closed when the freeze ends; nil without one.
func (f *freezer) freezing() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.thawed
}

// admit waits while the server is frozen. Then a freeze waits until admitted is called.
func (f *freezer) admit() {
	for {
		f.mu.Lock()
		thawed := f.thawed
		if thawed == nil || f.stopping.Err() != nil {
			f.admitting++
			f.mu.Unlock()
			return
		}
		f.mu.Unlock()
		select {
		case <-thawed:
		case <-f.stopping.Done():
		}
	}
}

// admitted ends what admit began.
func (f *freezer) admitted() {
	f.count(func() { f.admitting-- })
}

// standStill waits while the server is frozen. It returns early when connections are made
// to end.
func (f *freezer) standStill() {
	thawed := f.freezing()
	if thawed == nil {
		return
	}
	f.count(func() { f.still++ })
	defer f.count(func() { f.still-- })
	select {
	case <-thawed:
	case <-f.stopping.Done():
	}
}

// count changes a count and says so.
func (f *freezer) count(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.hint()
}

// hint says that counts may have changed.
func (f *freezer) hint() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// await returns when is returns true, which it asks whenever counts may have changed.
func (f *freezer) await(ctx context.Context, is func() bool) error {
	for !is() {
		select {
		case <-f.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// admits returns how many connections are being accepted or added.
func (f *freezer) admits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.admitting
}

// stand returns how many connections stand still.
func (f *freezer) stand() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.still
}
