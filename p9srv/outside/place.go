package outside

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Place is the one place outside of the poller that the connections of a server share.
// The zero Place is free. Safe for concurrent use.
type Place struct {
	taken atomic.Bool
	waits atomic.Uint64 // of all connections, in the poller
}

// Take takes the place if it is free. The runtime must have another processor for all
// others: a thread in the kernel keeps one for a while.
func (p *Place) Take() bool {
	return runtime.GOMAXPROCS(0) > 1 && p.taken.CompareAndSwap(false, true)
}

// Taken reports whether somebody has the place.
func (p *Place) Taken() bool { return p.taken.Load() }

// Leave frees the place for others.
func (p *Place) Leave() { p.taken.Store(false) }

const (
	// A connection is busy on which busyWaits waits took busyTime at most.
	busyWaits = 64
	busyTime  = busyWaits * 200 * time.Microsecond
	// few is how many waits of others do not matter meanwhile.
	few = busyWaits / 4
)

// Meter counts the waits of one connection and tells whether it is busy alone. It is
// used by one goroutine.
type Meter struct {
	waits int       // since the last full count
	since time.Time // when that was
	all   uint64    // Place.waits then
}

// Inside counts a wait in the poller and reports whether it is time to leave it: once
// in busyWaits, if these were short and those of all others few.
func (m *Meter) Inside(p *Place) bool {
	p.waits.Add(1)
	m.waits++
	return m.waits == busyWaits && m.busyAlone(p, busyWaits+few)
}

// Outside counts a wait outside of the poller and reports whether to stay there.
func (m *Meter) Outside(p *Place) bool {
	m.waits++
	return m.waits < busyWaits || m.busyAlone(p, few)
}

// busyAlone reports whether the waits of a full count were short and those in the poller
// most, or fewer. It begins to count anew.
func (m *Meter) busyAlone(p *Place, most uint64) bool {
	now, all := time.Now(), p.waits.Load()
	alone := now.Sub(m.since) <= busyTime && all-m.all <= most
	m.waits, m.since, m.all = 0, now, all
	return alone
}
