//go:build linux

package vhostuser

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoKickIsLost makes a chain available in the driver while the device asks for a kick.
// Each side writes a number and then reads the other's. At least one of them must see the new
// number, also under the race detector.
func TestNoKickIsLost(t *testing.T) {
	c, f := newConnected(t)
	ring := &c.queue.ring
	const rounds = 40_000
	var both barrier
	var deviceMissed, driverMissed bool
	var driver sync.WaitGroup
	driver.Go(func() {
		for i := uint16(1); i <= rounds; i++ {
			both.wait()
			for range i % 8 { // varies the moment of the write
				f.UsedIdx()
			}
			f.SetAvailIdx(i)
			driverMissed = f.AvailEvent() != i
			both.wait()
		}
	})
	lost := 0
	for i := uint16(1); i <= rounds; i++ {
		both.wait()
		ring.setAvailEvent(i)
		deviceMissed = ring.availIdx() != i
		both.wait()
		if deviceMissed && driverMissed {
			lost++
		}
	}
	driver.Wait()
	assert.Zero(t, lost)
	require.NoError(t, errors.Join(c.Close(), f.Close()))
}

// barrier makes two goroutines wait for each other and go on at the same time.
type barrier struct{ arrived atomic.Int64 }

func (b *barrier) wait() {
	n := b.arrived.Add(1)
	for n += n & 1; b.arrived.Load() < n; {
		runtime.Gosched()
	}
}
