package p9srv

import (
	"context"
	"sync"
	"sync/atomic"
)

// freezer makes the goroutines of a server stand still and go on. It counts the connections
// that stand still, and those that are being accepted. Safe for concurrent use.
type freezer struct {
	stopping context.Context // of the server; immutable
	changed  chan struct{}   // gets a value when a count may have changed; has room for one

	// current ends when a freeze begins, and when the server ends its connections.
	current atomic.Pointer[epoch]

	// mu guards the fields below.
	mu        sync.Mutex
	thawed    chan struct{} // closed when the freeze ends; nil: no freeze
	admitting int           // calls of admit without a call of admitted
	still     int           // connections that stand still
}

// epoch is the time between two freezes. Its context ends with it.
type epoch struct {
	context.Context
	end context.CancelFunc
}

// init makes the zero freezer ready for use.
func (f *freezer) init(stopping context.Context) {
	f.stopping, f.changed = stopping, make(chan struct{}, 1)
	f.startEpoch()
}

func (f *freezer) startEpoch() {
	ctx, end := context.WithCancel(f.stopping)
	f.current.Store(&epoch{ctx, end})
}

// epoch returns a context that ends when a freeze begins, and when the server ends its
// connections.
func (f *freezer) epoch() context.Context { return f.current.Load() }

// isFrozen reports whether the server is frozen or ends its connections.
func (f *freezer) isFrozen() bool {
	select {
	case <-f.epoch().Done():
		return true
	default:
		return false
	}
}

// freeze begins a freeze. It returns false if there is one already.
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

// thaw ends the freeze.
func (f *freezer) thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.startEpoch()
	close(f.thawed)
	f.thawed = nil
}

// freezing returns a channel that is closed when the freeze ends, or nil if there is none.
func (f *freezer) freezing() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.thawed
}

// admit waits while the server is frozen. A freeze that begins later waits until admitted is
// called.
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

// admitted ends what admit began. A freeze no longer waits for it.
func (f *freezer) admitted() {
	f.count(func() { f.admitting-- })
}

// standStill waits while the server is frozen. It returns early when the server ends its
// connections.
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

// count calls change with mu locked and wakes await.
func (f *freezer) count(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.hint()
}

// hint makes await look at the counts again.
func (f *freezer) hint() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// await calls is whenever a count may have changed, and returns nil when is returns true. It
// returns the error of ctx if ctx ends first.
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

// admits returns how many connections are being accepted.
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
