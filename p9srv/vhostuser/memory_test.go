//go:build linux

package vhostuser_test

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/vhostuser/vhosttest"
)

// highStart is where guest memory above the hole begins.
const highStart = 768 << 10

// regionAt returns a region of the Front's memory, for a table.
func regionAt(from, to uint64) [4]uint64 { return [4]uint64{from, to - from, user + from, from} }

func TestBuffersAcrossRegions(t *testing.T) {
	_, f := connected(t, vhosttest.Options{})
	works(t, f)
	// Regions end within the first chain's indirect table, its request and the room for
	// its answer.
	cuts := []uint64{highStart, 2<<20 + 24, 4<<20 + 1111, 4<<20 + 4096 + 1, 4<<20 + 4096 + 2222, uint64(len(f.Memory()))}
	var regions [][4]uint64
	var fds []int
	for i := range cuts[1:] {
		regions = append(regions, regionAt(cuts[i], cuts[i+1]))
		fds = append(fds, f.MemoryFD())
	}
	require.NoError(t, f.Order(vhosttest.SetMemTable, vhosttest.Table(regions...), fds...))
	request := make([]byte, 4096)
	for i := range request {
		request[i] = byte(rand.Uint32())
	}
	answer, err := f.Call(request, 4096)
	require.NoError(t, err)
	assert.Equal(t, request, answer)
}

func TestRemovingMemory(t *testing.T) {
	e, f := connected(t, vhosttest.Options{})
	works(t, f)
	low := vhosttest.Region(0, 640<<10, user, 0)
	require.NoError(t, f.Order(vhosttest.RemMemReg, low))
	works(t, f)
	high := vhosttest.Region(highStart, uint64(len(f.Memory()))-highStart, user+highStart, highStart)
	require.NoError(t, f.Order(vhosttest.RemMemReg, high, f.MemoryFD()), "old front-ends send a descriptor")
	require.NoError(t, f.WaitForErr())
	e.wasReset(t)
	require.NoError(t, f.Order(vhosttest.AddMemReg, high, f.MemoryFD()))
	require.NoError(t, f.Reset())
	works(t, f)
}

func TestMemoryIsReplacedUnderARequest(t *testing.T) {
	e, f := newIdle(t, vhosttest.Options{})
	require.NoError(t, f.Connect())
	require.NoError(t, f.Submit(0, []byte("request"), 10))
	require.NoError(t, f.Tell())
	r := e.next(t, make([]byte, 10))
	table := vhosttest.Table(regionAt(highStart, 4<<20))
	require.NoError(t, f.Order(vhosttest.SetMemTable, table, f.MemoryFD()))
	require.ErrorIs(t, e.push(r.Chain, []byte("answer")), errReset)
	assert.Contains(t, e.log.String(), "no longer in guest memory")
}

func TestSixtyFourRegionsAreAllowed(t *testing.T) {
	_, f := connected(t, vhosttest.Options{}) // has two regions
	for i := range uint64(62) {
		at := uint64(far) + i<<20
		require.NoError(t, f.Order(vhosttest.AddMemReg, vhosttest.Region(at, 4096, at, 0), f.MemoryFD()))
	}
	works(t, f)
	at := uint64(far) + 62<<20
	require.ErrorIs(t, f.Order(vhosttest.AddMemReg, vhosttest.Region(at, 4096, at, 0), f.MemoryFD()), vhosttest.ErrRefused)
}

func TestLargestTable(t *testing.T) {
	_, f := connected(t, vhosttest.Options{})
	regions, fds := [][4]uint64{regionAt(highStart, uint64(len(f.Memory())))}, []int{f.MemoryFD()}
	for i := range uint64(63) {
		at := uint64(far) + i<<20
		regions, fds = append(regions, [4]uint64{at, 1 << 20, at, 0}), append(fds, f.MemoryFD())
	}
	require.NoError(t, f.Order(vhosttest.SetMemTable, vhosttest.Table(regions...), fds...))
	works(t, f)
}

// TestNothingAfterTheRingIsWritten checks the bytes after the event index, which is written
// as a part of a word.
func TestNothingAfterTheRingIsWritten(t *testing.T) {
	_, f := connected(t, vhosttest.Options{})
	end := f.UsedAt() + 4 + 8*128 + 2
	after := f.Memory()[end : end+16]
	want := bytes.Repeat([]byte{0xa5}, 16)
	copy(after, want)
	works(t, f)
	require.NoError(t, f.Stop())
	assert.Equal(t, want, after)
}

// TestGuestChangesChainsWhileTheyAreRead changes chains at random. The back-end must use only
// the values that it has checked.
func TestGuestChangesChainsWhileTheyAreRead(t *testing.T) {
	_, f := connected(t, vhosttest.Options{Split: 512})
	memory, first := f.Memory(), f.DescAt(0)
	stop := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			n := uint64(rand.Uint32())
			slot, bit := n%50, byte(1<<(n>>8%8))
			memory[2<<20+slot<<10+n>>16%256] ^= bit   // an indirect table
			memory[first+slot*16+8+n>>16%5] ^= bit    // the size and flags of its descriptor
			memory[4<<20+slot*8192+n>>16%4096] ^= bit // the request
		}
	})
	request := bytes.Repeat([]byte("x"), 4096)
	for range 50 {
		for slot := range 50 {
			require.NoError(t, f.Submit(slot, request, 4096))
			require.NoError(t, f.Tell())
		}
		require.NoError(t, f.Sync())
		require.NoError(t, f.Reset())
	}
	close(stop)
	changing.Wait()
	require.NoError(t, f.Reset())
	works(t, f)
}
