package outside

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Place admits one connection at a time to wait outside of the poller. All connections of
// a server share a Place. The zero Place is free. It is safe for concurrent use.
type Place struct {
	taken atomic.Bool
	waits atomic.Uint64 // number of waits in the poller, of all connections
}

// Take takes the place if it is free, and reports whether it did. It takes no place if
// GOMAXPROCS is 1: a thread that blocks in the kernel keeps its processor for a while, and
// the other goroutines need one.
func (p *Place) Take() bool {
	return runtime.GOMAXPROCS(0) > 1 && p.taken.CompareAndSwap(false, true)
}

// Taken reports whether a connection has the place.
func (p *Place) Taken() bool { return p.taken.Load() }

// Leave frees the place. Only the connection that took it may call Leave.
func (p *Place) Leave() { p.taken.Store(false) }

const (
	// A connection is busy if busyWaits waits in sequence took at most busyTime.
	busyWaits = 64
	busyTime  = busyWaits * 200 * time.Microsecond
	// few is how many waits of other connections do not matter in that time.
	few = busyWaits / 4
)

// Meter counts the waits of one connection and finds out whether only this connection is
// busy. One goroutine uses it.
type Meter struct {
	waits int       // waits of this connection in this round of busyWaits
	since time.Time // when the round began
	all   uint64    // Place.waits when the round began
}

// Inside counts one wait in the poller and reports whether the connection should leave
// the poller. It decides once in busyWaits waits: it returns true if these were short and all
// other connections together had few.
func (m *Meter) Inside(p *Place) bool {
	p.waits.Add(1)
	m.waits++
	return m.waits == busyWaits && m.busyAlone(p, busyWaits+few)
}

// Outside counts one wait outside of the poller and reports whether the connection should
// stay there.
func (m *Meter) Outside(p *Place) bool {
	m.waits++
	return m.waits < busyWaits || m.busyAlone(p, few)
}

// busyAlone reports whether this round was short, with at most most waits in the poller.
// It begins a new round.
func (m *Meter) busyAlone(p *Place, most uint64) bool {
	now, all := time.Now(), p.waits.Load()
	alone := now.Sub(m.since) <= busyTime && all-m.all <= most
	m.waits, m.since, m.all = 0, now, all
	return alone
}
