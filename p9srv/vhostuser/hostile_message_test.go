//go:build linux

package vhostuser_test

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/vhostuser/vhosttest"
)

const user = vhosttest.UserBase

// far is an address outside of all memory.
const far = 1 << 40

// fdOf opens a descriptor and closes it at the end of the test.
func fdOf(t *testing.T, open func() (int, error)) int {
	t.Helper()
	fd, err := open()
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

func memfd(size int64) func() (int, error) {
	return func() (int, error) {
		fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC)
		return fd, errors.Join(err, unix.Ftruncate(fd, size))
	}
}

func pipe() (int, error) {
	var fds [2]int
	err := unix.Pipe2(fds[:], unix.O_CLOEXEC)
	return fds[1], errors.Join(err, unix.Close(fds[0]))
}

func readOnly() (int, error) {
	fd, err := memfd(1 << 20)()
	if err != nil {
		return -1, err
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.Open("/proc/self/fd/"+strconv.Itoa(fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

func eventfd() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC) }

func folder() (int, error) { return unix.Open(os.TempDir(), unix.O_RDONLY|unix.O_CLOEXEC, 0) }

// addr returns the payload of SET_VRING_ADDR.
func addr(desc, used, avail uint64) []byte {
	return append(vhosttest.U32(0, 0), vhosttest.U64(desc, used, avail, 0)...)
}

// refusals are messages that a device must refuse.
var refusals = []struct {
	name    string
	says    string // in the log
	request uint32
	payload []byte
	fds     []func() (int, error)
}{
	{"unknown", "message 99: not offered", 99, nil, nil},
	{"number 0", "message 0: not offered", 0, nil, nil},
	{"not offered", "message 31: not offered", 31, make([]byte, 24), nil},
	{"configuration is read only", "SET_CONFIG: not offered", vhosttest.SetConfig, make([]byte, 13), nil},

	{"feature", "features 0x8000000000 were not", vhosttest.SetFeatures, vhosttest.U64(vhosttest.DefaultFeatures | 1<<39), nil},
	{"no VERSION_1", "VERSION_1", vhosttest.SetFeatures, vhosttest.U64(1 << 30), nil},
	{"short number", "payload of 7 bytes", vhosttest.SetFeatures, make([]byte, 7), nil},
	{"protocol feature", "protocol features 0x1000", vhosttest.SetProtocolFeatures, vhosttest.U64(1 << 12), nil},
	{"status", "status 0x100", vhosttest.SetStatus, vhosttest.U64(256), nil},
	{"no backend socket", "0 descriptors", vhosttest.SetBackendReqFD, nil, nil},

	{"ring of 0", "ring of 0 entries", vhosttest.SetVringNum, vhosttest.U32(0, 0), nil},
	{"ring of 100", "ring of 100 entries", vhosttest.SetVringNum, vhosttest.U32(0, 100), nil},
	{"ring of 2048", "at most 1024", vhosttest.SetVringNum, vhosttest.U32(0, 2048), nil},
	{"ring of 65536", "ring of 65536 entries", vhosttest.SetVringNum, vhosttest.U32(0, 65536), nil},
	{"another ring's size", "no ring 1", vhosttest.SetVringNum, vhosttest.U32(1, 64), nil},
	{"short size", "payload of 4 bytes", vhosttest.SetVringNum, vhosttest.U32(0), nil},
	{"base", "base 65536", vhosttest.SetVringBase, vhosttest.U32(0, 65536), nil},
	{"another ring's base", "no ring 7", vhosttest.SetVringBase, vhosttest.U32(7, 0), nil},
	{"enable", "enable 2", vhosttest.SetVringEnable, vhosttest.U32(0, 2), nil},
	{"enable another ring", "no ring 1", vhosttest.SetVringEnable, vhosttest.U32(1, 1), nil},

	{"short addresses", "payload of 39 bytes", vhosttest.SetVringAddr, make([]byte, 39), nil},
	{"another ring's addresses", "no ring 1", vhosttest.SetVringAddr, append(vhosttest.U32(1, 0), make([]byte, 32)...), nil},
	{"table not aligned", "descriptor table: address", vhosttest.SetVringAddr, addr(user+8, user+0x2000, user+0x1000), nil},
	{"used not aligned", "used ring: address", vhosttest.SetVringAddr, addr(user, user+0x2002, user+0x1000), nil},
	{"available not aligned", "available ring: address", vhosttest.SetVringAddr, addr(user, user+0x2000, user+0x1001), nil},
	{"table outside", "descriptor table: 2048 bytes", vhosttest.SetVringAddr, addr(0, user+0x2000, user+0x1000), nil},
	{"table into the hole", "descriptor table: 2048 bytes", vhosttest.SetVringAddr, addr(user+640<<10-16, user+0x2000, user+0x1000), nil},
	{"used into the hole", "used ring: 1030 bytes", vhosttest.SetVringAddr, addr(user, user+640<<10-1028, user+0x1000), nil},
	{"available into the hole", "available ring: 262 bytes", vhosttest.SetVringAddr, addr(user, user+0x2000, user+640<<10-260), nil},
	{"ring wraps around", "used ring: 1030 bytes", vhosttest.SetVringAddr, addr(user, math.MaxUint64-3, user+0x1000), nil},

	{"kick is a file", "not an eventfd", vhosttest.SetVringKick, vhosttest.U64(0), fds(memfd(8))},
	{"kick is a pipe", "not an eventfd", vhosttest.SetVringKick, vhosttest.U64(0), fds(pipe)},
	{"no kick", "0 descriptors", vhosttest.SetVringKick, vhosttest.U64(0), nil},
	{"ring to be polled", "without kicks", vhosttest.SetVringKick, vhosttest.U64(1 << 8), nil},
	{"two kicks", "2 descriptors", vhosttest.SetVringKick, vhosttest.U64(0), fds(eventfd, eventfd)},
	{"another ring's kick", "no ring 3", vhosttest.SetVringKick, vhosttest.U64(3), fds(eventfd)},
	{"short kick", "payload of 4 bytes", vhosttest.SetVringKick, vhosttest.U32(0), fds(eventfd)},
	{"call is a file", "not an eventfd", vhosttest.SetVringCall, vhosttest.U64(0), fds(memfd(8))},
	{"call is a pipe", "not an eventfd", vhosttest.SetVringCall, vhosttest.U64(0), fds(pipe)},
	{"call is missing", "0 descriptors", vhosttest.SetVringCall, vhosttest.U64(0), nil},
	{"err is a file", "not an eventfd", vhosttest.SetVringErr, vhosttest.U64(0), fds(memfd(8))},

	{"region overlaps for the guest", "overlaps", vhosttest.AddMemReg, vhosttest.Region(4096, 4096, far, 0), fds(memfd(4096))},
	{"region overlaps for the front-end", "overlaps", vhosttest.AddMemReg, vhosttest.Region(far, 4096, user+4096, 0), fds(memfd(4096))},
	{"region of no bytes", "is empty", vhosttest.AddMemReg, vhosttest.Region(far, 0, far, 0), fds(memfd(4096))},
	{"region wraps around for the guest", "wraps around", vhosttest.AddMemReg, vhosttest.Region(math.MaxUint64-4095, 8192, far, 0), fds(memfd(8192))},
	{"region wraps around for the front-end", "wraps around", vhosttest.AddMemReg, vhosttest.Region(far, 8192, math.MaxUint64-4095, 0), fds(memfd(8192))},
	{"region wraps around in its file", "wraps around", vhosttest.AddMemReg, vhosttest.Region(far, 8192, far, math.MaxUint64-4095), fds(memfd(8192))},
	{"region after the end of its file", "beyond the end", vhosttest.AddMemReg, vhosttest.Region(far, 4096, far, 4096), fds(memfd(8191))},
	{"region too large", "is too large", vhosttest.AddMemReg, vhosttest.Region(far, 1<<43, 1<<50, 0), fds(memfd(1 << 43))},
	{"region without a file", "0 descriptors", vhosttest.AddMemReg, vhosttest.Region(far, 4096, far, 0), nil},
	{"region in an eventfd", "not a memfd", vhosttest.AddMemReg, vhosttest.Region(far, 4096, far, 0), fds(eventfd)},
	{"region in a folder", "not a memfd", vhosttest.AddMemReg, vhosttest.Region(far, 4096, far, 0), fds(folder)},
	{"region is read only", "map: permission denied", vhosttest.AddMemReg, vhosttest.Region(far, 4096, far, 0), fds(readOnly)},
	{"short region", "payload of 39 bytes", vhosttest.AddMemReg, make([]byte, 39), fds(memfd(4096))},
	{"region that is not there", "is not known", vhosttest.RemMemReg, vhosttest.Region(far, 4096, far, 0), nil},
	{"short region to remove", "payload of 8 bytes", vhosttest.RemMemReg, make([]byte, 8), nil},

	{"table with too many regions", "65 regions", vhosttest.SetMemTable, append(vhosttest.U32(65, 0), make([]byte, 65*32)...), nil},
	{"table with a huge count", "4294967295 regions", vhosttest.SetMemTable, vhosttest.U32(math.MaxUint32, 0), nil},
	{"table with fewer files", "2 regions with 1", vhosttest.SetMemTable, vhosttest.Table([4]uint64{0, 4096, 0, 0}, [4]uint64{8192, 4096, 8192, 0}), fds(memfd(4096))},
	{"table with more files", "0 regions with 1", vhosttest.SetMemTable, vhosttest.Table(), fds(memfd(4096))},
	{"short table", "payload of 39 bytes", vhosttest.SetMemTable, vhosttest.Table([4]uint64{0, 4096, 0, 0})[:39], fds(memfd(4096))},
	{"table that overlaps", "overlaps", vhosttest.SetMemTable, vhosttest.Table([4]uint64{0, 8192, 0, 0}, [4]uint64{4096, 4096, 8192, 0}), fds(memfd(8192), memfd(8192))},
}

func fds(open ...func() (int, error)) []func() (int, error) { return open }

func TestMessagesThatAreRefused(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			e, f := connected(t, vhosttest.Options{})
			works(t, f)
			var open []int
			for _, o := range c.fds {
				open = append(open, fdOf(t, o))
			}
			require.ErrorIs(t, f.Order(c.request, c.payload, open...), vhosttest.ErrRefused)
			assert.Contains(t, e.log.String(), c.says)
			require.ErrorIs(t, f.Order(vhosttest.SetVringEnable, vhosttest.U32(0, 1)), vhosttest.ErrRefused, "out of service")
			require.NoError(t, f.Sync(), "the socket stays open")
			e.wasNotReset(t)

			require.NoError(t, f.Reset())
			works(t, f)
			e.wasReset(t)
		})
	}
}

func TestRefusalWithoutAnAnswerIsLogged(t *testing.T) {
	e, f := connected(t, vhosttest.Options{})
	require.NoError(t, f.Send(99, vhosttest.Version, nil))
	require.NoError(t, f.Sync())
	assert.Contains(t, e.log.String(), "message 99")
}

// framings are headers after which the next message cannot be found.
var framings = map[string]struct {
	bytes []byte
	fds   int
}{
	"version 0": {vhosttest.U32(1, 0, 0), 0},
	"version 2": {vhosttest.U32(1, 2, 0), 0},
	"size":      {vhosttest.U32(1, 1, 4097), 0},
	"huge size": {vhosttest.U32(1, 1, math.MaxUint32), 0},
}

func TestBrokenFramingEndsTheConnection(t *testing.T) {
	for name, c := range framings {
		t.Run(name, func(t *testing.T) {
			e, f := connected(t, vhosttest.Options{})
			works(t, f)
			fd := fdOf(t, eventfd)
			var many []int
			for range c.fds {
				many = append(many, fd)
			}
			require.NoError(t, f.SendRaw(c.bytes, many...))
			_, err := f.Receive()
			require.ErrorIs(t, err, io.EOF)
			require.Error(t, e.conn.Wait())
			<-e.ended
			assert.Contains(t, e.log.String(), "does not speak vhost-user")
		})
	}
}

// TestMessageThatLostItsDescriptorsIsRefused sends a whole message with too many descriptors.
// It must not end the connection: a process that is short of descriptors must not end a
// machine.
func TestMessageThatLostItsDescriptorsIsRefused(t *testing.T) {
	e, f := connected(t, vhosttest.Options{})
	fd := fdOf(t, eventfd)
	many := slices.Repeat([]int{fd}, 65)
	require.NoError(t, f.Send(vhosttest.SetVringCall, vhosttest.Version|vhosttest.NeedReply, vhosttest.U64(0), many...))
	reply, err := f.Receive()
	require.NoError(t, err)
	assert.Equal(t, vhosttest.U64(1), reply.Payload)
	assert.Contains(t, e.log.String(), "descriptors were lost")
	require.NoError(t, f.Reset())
	works(t, f)
}

// TestBlockingEventFDsDelayNobody clears O_NONBLOCK, which the front-end can do at any time.
func TestBlockingEventFDsDelayNobody(t *testing.T) {
	e, f := connected(t, vhosttest.Options{Features: vhosttest.DefaultFeatures &^ (1 << 29)}) // without EVENT_IDX each answer interrupts
	works(t, f)
	_, err := f.Interrupts() // so that the counter is 0
	require.NoError(t, err)
	_, err = unix.Write(f.CallFD(), binary.NativeEndian.AppendUint64(nil, math.MaxUint64-1))
	require.NoError(t, err)
	require.NoError(t, f.Submit(0, []byte("x"), 100))
	for _, fd := range []int{f.KickFD(), f.CallFD(), f.ErrFD()} {
		require.NoError(t, unix.SetNonblock(fd, false))
	}
	require.NoError(t, f.Tell())
	require.NoError(t, f.Sync(), "messages are still answered")
	require.NoError(t, f.Close())
	ended := make(chan error, 1)
	go func() { ended <- e.conn.Close() }()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(vhosttest.Patience):
		t.Fatal("Close hangs")
	}
}

func TestEndWithinAMessage(t *testing.T) {
	for name, part := range map[string][]byte{
		"header": {1, 0, 0}, "payload": append(vhosttest.U32(2, 1, 8), 1, 2, 3),
	} {
		t.Run(name, func(t *testing.T) {
			e, f := newEcho(t, vhosttest.Options{})
			require.NoError(t, f.SendRaw(part))
			require.NoError(t, f.Close())
			require.ErrorIs(t, e.conn.Wait(), io.ErrUnexpectedEOF)
		})
	}
}

func TestMessageInPieces(t *testing.T) {
	_, f := newEcho(t, vhosttest.Options{})
	whole := append(vhosttest.U32(vhosttest.SetFeatures, vhosttest.Version|vhosttest.NeedReply, 8), vhosttest.U64(vhosttest.DefaultFeatures)...)
	for _, b := range whole {
		require.NoError(t, f.SendRaw([]byte{b}))
	}
	m, err := f.Receive()
	require.NoError(t, err)
	assert.Equal(t, vhosttest.U64(0), m.Payload)
}

func TestNoSharedMemory(t *testing.T) {
	e, f := newEcho(t, vhosttest.Options{})
	require.NoError(t, f.Realize())
	require.NoError(t, f.Send(vhosttest.SetFeatures, vhosttest.Version, vhosttest.U64(vhosttest.DefaultFeatures)))
	require.NoError(t, f.Send(vhosttest.SetVringNum, vhosttest.Version, vhosttest.U32(0, 128)))
	require.NoError(t, f.Send(vhosttest.SetVringAddr, vhosttest.Version, f.AddrPayload()))
	require.ErrorIs(t, f.Order(vhosttest.SetVringKick, vhosttest.U64(0), f.KickFD()), vhosttest.ErrRefused)
	require.NoError(t, f.Sync())
	assert.Contains(t, e.log.String(), "no guest memory: QEMU needs")
	assert.Contains(t, e.log.String(), "share=on")
	require.NoError(t, f.Start())
	works(t, f)
}

func TestStartBeforeAnythingElse(t *testing.T) {
	_, f := newEcho(t, vhosttest.Options{})
	require.ErrorIs(t, f.Order(vhosttest.SetVringKick, vhosttest.U64(0), f.KickFD()), vhosttest.ErrRefused)
	require.NoError(t, f.Connect())
	works(t, f)
}

func TestConfiguration(t *testing.T) {
	_, f := newEcho(t, vhosttest.Options{})
	for _, c := range []struct {
		offset, size uint32
		want         []byte // nil: refused
	}{
		{0, 64, append(append([]byte{}, config...), make([]byte, 64-len(config))...)},
		{0, 0, []byte{}},
		{2, 3, []byte("ful")},
		{6, 4, []byte("ex\x00\x00")},
		{1000, 2, []byte{0, 0}},
		{math.MaxUint32, 1, []byte{0}},
		{0, 4096 - 12, append(append([]byte{}, config...), make([]byte, 4084-len(config))...)},
		{0, 4096 - 11, nil},
		{0, math.MaxUint32, nil},
	} {
		got, err := f.Ask(vhosttest.GetConfig, vhosttest.U32(c.offset, c.size, 0))
		require.NoError(t, err)
		if c.want == nil {
			assert.Empty(t, got)
			continue
		}
		assert.Equal(t, append(vhosttest.U32(c.offset, c.size, 0), c.want...), got)
	}
	got, err := f.Ask(vhosttest.GetVringBase, vhosttest.U32(1, 0))
	require.NoError(t, err)
	assert.Empty(t, got)
}
