//go:build linux

package vhostuser_test

import (
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint/rights"
	"fullex/p9srv/endpoint/rights/rightstest"
	"fullex/p9srv/vhostuser"
	"fullex/p9srv/vhostuser/vhosttest"
)

// connFDs is how many descriptors a connection may keep.
const connFDs = 5

// mapped returns how many bytes a Front shares when it connects.
func mapped(t *testing.T) uint64 {
	t.Helper()
	_, f := newIdle(t, vhosttest.Options{})
	return uint64(len(f.Memory())) - highStart + 640<<10
}

// TestMappingsOfAllMachinesAreBounded uses a budget for the mappings of two machines.
func TestMappingsOfAllMachinesAreBounded(t *testing.T) {
	const page = 4096
	region := func(f *vhosttest.Front) error {
		return f.Order(vhosttest.AddMemReg, vhosttest.Region(far, page, far, 0), f.MemoryFD())
	}
	table := func(f *vhosttest.Front) error {
		return f.Order(vhosttest.SetMemTable, vhosttest.Table([4]uint64{far, page, far, 0}), f.MemoryFD())
	}
	byNumber := vhostuser.Resources{Mappings: 4, Bytes: 1 << 40, Descriptors: 1000}
	bySize := vhostuser.Resources{Mappings: 1000, Bytes: 2 * mapped(t), Descriptors: 1000}
	for _, test := range []struct {
		name string
		all  vhostuser.Resources
		add  func(*vhosttest.Front) error
		says string
	}{
		{"a region too many", byNumber, region, "as many mappings as this process"},
		{"a table too many", byNumber, table, "as many mappings as this process"},
		{"a region too large", bySize, region, "as much memory as this process"},
		{"a table too large", bySize, table, "as much memory as this process"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := vhostuser.Device{Budget: vhostuser.NewBudget(test.all)}
			e, first := newEchoOf(t, d, vhosttest.Options{})
			other, second := newEchoOf(t, d, vhosttest.Options{})
			require.NoError(t, first.Connect())
			require.NoError(t, second.Connect())
			require.ErrorIs(t, test.add(first), vhosttest.ErrRefused)
			assert.Contains(t, e.log.String(), test.says)
			works(t, second)
			require.NoError(t, first.Reset(), "its memory is still mapped")
			works(t, first)

			require.NoError(t, second.Close())
			require.NoError(t, other.conn.Wait())
			require.NoError(t, test.add(first))
		})
	}
}

func TestMachineWithoutDescriptorsIsRefused(t *testing.T) {
	d := vhostuser.Device{Budget: vhostuser.NewBudget(vhostuser.Resources{Descriptors: 2*connFDs - 1})}
	e, f := newIdleOf(t, d, vhosttest.Options{})
	front, back, err := vhosttest.Pair()
	require.NoError(t, err)
	_, err = d.NewConn(back)
	require.ErrorIs(t, err, syscall.EMFILE)
	_, err = front.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, front.Close())

	require.NoError(t, f.Close())
	require.NoError(t, e.conn.Wait())
	_, f = newIdleOf(t, d, vhosttest.Options{})
	require.NoError(t, f.Sync())
}

// TestDescriptorsOfUnfinishedMessagesAreBounded sends descriptors with the first byte of a
// message, and nothing more.
func TestDescriptorsOfUnfinishedMessagesAreBounded(t *testing.T) {
	const room = 3
	d := vhostuser.Device{Budget: vhostuser.NewBudget(vhostuser.Resources{Mappings: 10, Bytes: 1 << 40, Descriptors: 2*connFDs + room})}
	_, stalls := newEchoOf(t, d, vhosttest.Options{})
	e, f := newEchoOf(t, d, vhosttest.Options{})
	require.NoError(t, f.Connect())
	before := inUse(t).fds
	fd := stalls.KickFD()
	require.NoError(t, stalls.SendRaw([]byte{1}, fd, fd, fd, fd, fd))
	require.Eventually(t, func() bool { return inUse(t).fds == before+room }, vhosttest.Patience, tick)

	require.ErrorIs(t, f.Order(vhosttest.SetVringCall, vhosttest.U64(0), f.CallFD()), vhosttest.ErrRefused)
	assert.Contains(t, e.log.String(), "descriptors were lost")
	require.NoError(t, stalls.Close())
	require.Eventually(t, func() bool { return f.Reset() == nil }, vhosttest.Patience, tick)
	works(t, f)
}

// TestDescriptorsThatWaitToBeClosedAreCounted uses a budget for only those descriptors that
// connections keep. One more is received, which must be closed.
func TestDescriptorsThatWaitToBeClosedAreCounted(t *testing.T) {
	d := vhostuser.Device{Budget: vhostuser.NewBudget(vhostuser.Resources{Descriptors: 2 * connFDs})}
	e, other := newEchoOf(t, d, vhosttest.Options{})
	front, back, err := vhosttest.Pair()
	require.NoError(t, err)
	slow := rightstest.NewSlow(t)
	require.NoError(t, slow.Send(front, vhosttest.U32(vhosttest.SetOwner, vhosttest.Version, 0)))
	slow.Wait() // from now on the receiver has the only descriptor
	conn, err := d.NewConn(back)
	require.NoError(t, err)
	f, err := vhosttest.New(front, vhosttest.Options{})
	require.NoError(t, err)
	require.NoError(t, f.Sync())

	require.NoError(t, other.Sync(), "messages without descriptors are answered")
	require.NoError(t, other.Send(vhosttest.SetVringCall, vhosttest.Version, vhosttest.U64(0), other.CallFD()))
	require.ErrorIs(t, e.conn.Wait(), rights.ErrFull)
	assert.Contains(t, e.log.String(), "cut: no room")

	slow.Release()
	require.Eventually(t, func() bool {
		front, back, err := vhosttest.Pair()
		require.NoError(t, err)
		defer func() { _ = front.Close() }()
		third, err := d.NewConn(back)
		if err != nil {
			return false
		}
		require.NoError(t, third.Close())
		return true
	}, vhosttest.Patience, tick)
	require.NoError(t, errors.Join(f.Close(), conn.Close()))
}
