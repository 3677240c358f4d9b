//go:build linux

package vhostuser_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/vhostuser/vhosttest"
)

// Flags of descriptors.
const (
	next     = vhosttest.Next
	write    = vhosttest.Write
	indirect = vhosttest.Indirect
)

const (
	buffer = vhosttest.Scratch
	table  = vhosttest.Scratch + 0x4000
	hole   = 700 << 10
)

// desc returns a descriptor of 16 bytes of guest memory.
func desc(flags, next uint16) vhosttest.Desc {
	return vhosttest.Desc{Addr: buffer, Size: 16, Flags: flags, Next: next}
}

// at returns a descriptor of another buffer.
func at(addr uint64, size uint32, flags uint16) vhosttest.Desc {
	return vhosttest.Desc{Addr: addr, Size: size, Flags: flags}
}

// indirectTable writes descriptors to an indirect table and returns a descriptor of the
// table.
func indirectTable(f *vhosttest.Front, descs ...vhosttest.Desc) vhosttest.Desc {
	for i, d := range descs {
		f.PutDesc(table+uint64(i)*16, d)
	}
	return at(table, uint32(16*len(descs)), indirect)
}

// hostileRings are ways in which a guest can break its ring.
var hostileRings = []struct {
	name string
	says string // in the log
	opt  vhosttest.Options
	do   func(f *vhosttest.Front) error
}{
	{"more chains than entries", "129 chains", vhosttest.Options{}, func(f *vhosttest.Front) error {
		f.SetAvailIdx(2 + 129)
		return f.Kick()
	}},
	{"available index goes back", "65535 chains", vhosttest.Options{}, func(f *vhosttest.Front) error {
		f.SetAvailIdx(1)
		return f.Kick()
	}},
	{"head outside", "begins with descriptor 128", vhosttest.Options{}, offer(128)},
	{"head far outside", "begins with descriptor 65535", vhosttest.Options{}, offer(65535)},
	{"next outside", "descriptor 128 is not in the table", vhosttest.Options{}, chain(desc(next, 128))},
	{"descriptor follows itself", "loop", vhosttest.Options{}, chain(desc(next, 0))},
	{"loop of two", "loop", vhosttest.Options{}, chain(desc(next, 1), desc(next, 0))},
	{"loop of writable", "loop", vhosttest.Options{}, chain(desc(next, 1), desc(next|write, 1))},
	{"request after room", "after the room", vhosttest.Options{}, chain(desc(next|write, 1), desc(0, 0))},
	{"request after empty room", "after the room", vhosttest.Options{}, chain(
		vhosttest.Desc{Addr: buffer, Flags: next | write, Next: 1}, desc(0, 0))},
	{"buffer in the hole", "not in guest memory", vhosttest.Options{}, chain(at(hole, 1, 0))},
	{"buffer into the hole", "not in guest memory", vhosttest.Options{}, chain(at(640<<10-1, 2, 0))},
	{"buffer across the hole", "not in guest memory", vhosttest.Options{}, chain(at(600<<10, 300<<10, 0))},
	{"buffer after the end", "not in guest memory", vhosttest.Options{}, chain(at(1<<40, 1, 0))},
	{"buffer wraps around", "not in guest memory", vhosttest.Options{}, chain(at(math.MaxUint64-7, 16, 0))},
	{"buffer wraps around to 0", "not in guest memory", vhosttest.Options{}, chain(at(math.MaxUint64, 2, 0))},
	{"room in the hole", "not in guest memory", vhosttest.Options{}, chain(at(hole, 1, write))},
	{"huge buffer", "more than 1073741824 bytes", vhosttest.Options{}, chain(at(buffer, math.MaxUint32, write))},
	{"huge sum", "more than 1073741824 bytes", vhosttest.Options{QueueSize: 1024}, hugeSum},
	{"indirect not agreed on", "not agreed on", vhosttest.Options{Direct: true, Features: fewFeatures}, func(f *vhosttest.Front) error {
		return chain(indirectTable(f, desc(0, 0)))(f)
	}},
	{"indirect and next", "followed by a descriptor", vhosttest.Options{}, func(f *vhosttest.Front) error {
		d := indirectTable(f, desc(0, 0))
		d.Flags, d.Next = indirect|next, 1
		return chain(d, desc(0, 0))(f)
	}},
	{"indirect not first", "not alone", vhosttest.Options{}, func(f *vhosttest.Front) error {
		return chain(desc(next, 1), indirectTable(f, desc(0, 0)))(f)
	}},
	{"indirect in indirect", "not alone", vhosttest.Options{}, func(f *vhosttest.Front) error {
		return chain(indirectTable(f, at(table, 16, indirect)))(f)
	}},
	{"indirect of no bytes", "table of 0 bytes", vhosttest.Options{}, chain(at(table, 0, indirect))},
	{"indirect of half an entry", "table of 24 bytes", vhosttest.Options{}, chain(at(table, 24, indirect))},
	{"indirect too long", "table of 16400 bytes", vhosttest.Options{}, chain(at(table, 1025*16, indirect))},
	{"indirect in the hole", "indirect table at", vhosttest.Options{}, chain(at(hole, 16, indirect))},
	{"indirect into the hole", "indirect table at", vhosttest.Options{}, chain(at(640<<10-16, 32, indirect))},
	{"indirect wraps around", "indirect table at", vhosttest.Options{}, chain(at(math.MaxUint64-15, 32, indirect))},
	{"indirect loop", "loop", vhosttest.Options{}, func(f *vhosttest.Front) error {
		return chain(indirectTable(f, desc(next, 1), desc(next, 0)))(f)
	}},
	{"indirect next outside", "descriptor 2 is not in the table of 2", vhosttest.Options{}, func(f *vhosttest.Front) error {
		return chain(indirectTable(f, desc(next, 2), desc(0, 0)))(f)
	}},
}

func offer(head uint16) func(*vhosttest.Front) error {
	return func(f *vhosttest.Front) error { return f.Offer(head) }
}

// chain returns a function that offers descriptors in the ring's own table, without checks.
func chain(descs ...vhosttest.Desc) func(*vhosttest.Front) error {
	return func(f *vhosttest.Front) error {
		f.PutChain(descs...)
		return f.Offer(0)
	}
}

// hugeSum offers a chain of 1024 buffers. Each is all of guest memory above the hole.
func hugeSum(f *vhosttest.Front) error {
	size := uint32(len(f.Memory()) - 768<<10)
	for i := range 1024 {
		f.PutDesc(f.DescAt(i), vhosttest.Desc{Addr: 768 << 10, Size: size, Flags: next | write, Next: uint16(i + 1)})
	}
	return f.Offer(0)
}

func TestHostileRingIsBrokenUntilReset(t *testing.T) {
	for _, c := range hostileRings {
		t.Run(c.name, func(t *testing.T) {
			e, f := connected(t, c.opt)
			works(t, f)
			used := f.UsedIdx()
			require.NoError(t, c.do(f))
			require.NoError(t, f.WaitForErr())
			e.wasReset(t)
			assert.Contains(t, e.log.String(), c.says)
			require.NoError(t, f.Kick())
			require.NoError(t, f.Sync(), "the socket stays open")
			assert.Equal(t, used, f.UsedIdx(), "nothing is answered")

			require.NoError(t, f.Reset())
			works(t, f)
			e.wasNotReset(t)
		})
	}
}

func TestResetHealsARingThatBrokeAtItsFirstRequest(t *testing.T) {
	e, f := connected(t, vhosttest.Options{})
	require.NoError(t, f.Offer(500)) // base and used index are 0, as after a reset
	require.NoError(t, f.WaitForErr())
	e.wasReset(t)
	require.NoError(t, f.Reset())
	works(t, f)
}

func TestStopAndContinueDoNotHealAHostileRing(t *testing.T) {
	e, f := connected(t, vhosttest.Options{})
	works(t, f)
	require.NoError(t, f.Offer(500))
	require.NoError(t, f.WaitForErr())
	e.wasReset(t)
	require.NoError(t, f.Stop())
	require.NoError(t, f.Continue())
	require.NoError(t, f.WaitForErr())
	e.wasReset(t)
	require.NoError(t, f.Reset())
	works(t, f)
}

func TestChainOfferedWhileInUseBreaksTheRing(t *testing.T) {
	e, f := newIdle(t, vhosttest.Options{})
	require.NoError(t, f.Connect())
	f.PutChain(desc(0, 0))
	require.NoError(t, f.Offer(0))
	r := e.next(t, nil)
	require.NoError(t, f.Offer(0))
	_, err := e.conn.Next(nil)
	require.ErrorIs(t, err, errReset)
	assert.Contains(t, e.log.String(), "in use and offered again")
	require.ErrorIs(t, e.push(r.Chain, nil), errReset)
}

// TestIndirectTableMayBeLongerThanTheRing uses a table as Linux makes it.
func TestIndirectTableMayBeLongerThanTheRing(t *testing.T) {
	_, f := connected(t, vhosttest.Options{QueueSize: 2})
	var descs []vhosttest.Desc
	for i := range uint16(1024) {
		descs = append(descs, vhosttest.Desc{Addr: buffer, Size: 1, Flags: next | i/512*write, Next: i + 1})
	}
	descs[1023].Flags = write
	require.NoError(t, chain(indirectTable(f, descs...))(f))
	_, size, err := f.Used()
	require.NoError(t, err)
	assert.EqualValues(t, 512, size)
}

// TestOddChainsAreAnswered uses descriptors of 0 bytes and unknown flags, which do no harm.
func TestOddChainsAreAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		descs []vhosttest.Desc
		size  uint32
	}{
		"nothing":           {[]vhosttest.Desc{at(0, 0, 0)}, 0},
		"request only":      {[]vhosttest.Desc{desc(0, 0)}, 0},
		"room only":         {[]vhosttest.Desc{desc(write, 0)}, 0},
		"empty parts":       {[]vhosttest.Desc{at(hole, 0, next), desc(next, 2), desc(write, 0)}, 16},
		"unknown flags":     {[]vhosttest.Desc{desc(next|0xff00, 1), desc(write|0xff00, 0)}, 16},
		"same buffer":       {[]vhosttest.Desc{desc(next, 1), desc(next, 2), desc(write, 0)}, 16},
		"writable indirect": {[]vhosttest.Desc{at(table, 32, indirect|write)}, 16},
	} {
		t.Run(name, func(t *testing.T) {
			_, f := connected(t, vhosttest.Options{})
			indirectTable(f, desc(next, 1), desc(write, 0))
			if len(c.descs) > 1 && c.descs[0].Size == 0 {
				c.descs[0].Next = 1
			}
			require.NoError(t, chain(c.descs...)(f))
			head, size, err := f.Used()
			require.NoError(t, err)
			assert.Zero(t, head)
			assert.Equal(t, c.size, size)
			works(t, f)
		})
	}
}

func TestMemoryThatGoesAwayBreaksOnlyTheRing(t *testing.T) {
	for name, left := range map[string]int64{"the ring": 0, "the buffers": 4 << 20} {
		t.Run(name, func(t *testing.T) {
			e, f := connected(t, vhosttest.Options{})
			works(t, f)
			whole := int64(len(f.Memory()))
			require.NoError(t, f.Submit(0, []byte("request"), 10))
			f.SetAvailIdx(3)
			require.NoError(t, unix.Ftruncate(f.MemoryFD(), left))
			require.NoError(t, f.Kick())
			require.NoError(t, f.WaitForErr())
			e.wasReset(t)
			assert.Contains(t, e.log.String(), "memory went away")
			require.NoError(t, f.Sync())

			require.NoError(t, unix.Ftruncate(f.MemoryFD(), whole))
			require.NoError(t, f.Reset())
			works(t, f)
		})
	}
}

func TestMemoryGoesAwayBeforeTheAnswer(t *testing.T) {
	e, f := newIdle(t, vhosttest.Options{})
	require.NoError(t, f.Connect())
	require.NoError(t, f.Submit(0, []byte("request"), 10))
	require.NoError(t, f.Tell())
	r := e.next(t, make([]byte, 10))
	require.NoError(t, unix.Ftruncate(f.MemoryFD(), 4<<20))
	require.ErrorIs(t, e.push(r.Chain, []byte("answer")), errReset)
	_, err := e.conn.Next(nil)
	require.ErrorIs(t, err, errReset)
}

func TestMemoryGoesAwayBeforeStopAndStart(t *testing.T) {
	e, f := newIdle(t, vhosttest.Options{})
	require.NoError(t, f.Connect())
	whole := int64(len(f.Memory()))
	answer := func() {
		require.NoError(t, f.Submit(0, []byte("request"), 10))
		require.NoError(t, f.Tell())
		require.NoError(t, e.push(e.next(t, make([]byte, 10)).Chain, nil))
	}
	reset := func() {
		_, err := e.conn.Next(nil)
		require.ErrorIs(t, err, errReset)
		require.NoError(t, unix.Ftruncate(f.MemoryFD(), whole))
		require.NoError(t, f.Reset())
	}
	answer()
	require.NoError(t, unix.Ftruncate(f.MemoryFD(), 0))
	require.NoError(t, f.Stop())
	reset()

	answer()
	require.NoError(t, f.Stop())
	require.NoError(t, unix.Ftruncate(f.MemoryFD(), 0))
	require.ErrorIs(t, f.Continue(), vhosttest.ErrRefused)
	require.NoError(t, unix.Ftruncate(f.MemoryFD(), whole))
	require.NoError(t, f.Reset())
	_, err := e.conn.Next(nil)
	require.ErrorIs(t, err, errReset)
	e.isQuiet(t)
}
