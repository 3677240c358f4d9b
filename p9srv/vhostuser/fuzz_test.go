//go:build linux

package vhostuser_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/p9srv/vhostuser/vhosttest"
)

// addresses and sizes are the values that fuzzed descriptors have.
var (
	addresses = []uint64{0, buffer, table, hole, 640<<10 - 8, highStart, 1 << 20, 2 << 20, 4 << 20, far, math.MaxUint64 - 7, math.MaxUint64}
	sizes     = []uint32{0, 1, 7, 8, 16, 17, 32, 64, 4096, 1024 * 16, 1025 * 16, 1 << 20, 1 << 30, math.MaxUint32}
)

// FuzzRing writes a ring as the input says: 5 bytes are a descriptor, an available index, a
// kick, or a chain that is made available. A reset must heal every ring.
func FuzzRing(f *testing.F) {
	f.Add([]byte{0, 1, 4, 0, 0, 0xff, 0, 0, 0, 0})
	f.Add([]byte{0, 1, 4, next, 1, 1, 1, 4, write, 0, 0xff, 0, 0, 0, 0, 0xff, 0, 0, 0, 0})
	f.Add([]byte{0, 2, 6, indirect, 0, 128, 1, 4, next, 1, 129, 1, 4, write, 0, 0xff, 0, 0, 0, 0})
	f.Add([]byte{0, 2, 9, indirect, 0, 0xff, 0, 0, 0, 0})
	f.Add([]byte{0, 1, 4, next, 0, 0xff, 0, 0, 0, 0})
	f.Add([]byte{0, 3, 4, 0, 0, 0xff, 0, 0, 0, 0})
	f.Add([]byte{0xfe, 200, 1, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, front := connected(t, vhosttest.Options{})
		for ; len(data) >= 5; data = data[5:] {
			require.NoError(t, fuzzRingStep(front, data[:5]))
		}
		require.NoError(t, front.Sync())
		require.NoError(t, front.Reset())
		works(t, front)
	})
}

func fuzzRingStep(f *vhosttest.Front, p []byte) error {
	switch p[0] {
	case 0xff:
		return f.Offer(uint16(p[1]))
	case 0xfe:
		f.SetAvailIdx(binary.LittleEndian.Uint16(p[1:]))
		return f.Kick()
	case 0xfd:
		return f.Kick()
	}
	d := vhosttest.Desc{
		Addr:  addresses[int(p[1])%len(addresses)],
		Size:  sizes[int(p[2])%len(sizes)],
		Flags: uint16(p[3]),
		Next:  uint16(p[4]),
	}
	if p[0] >= 128 {
		f.PutDesc(table+uint64(p[0]-128)*16, d)
	} else {
		f.PutDesc(f.DescAt(int(p[0])), d)
	}
	return nil
}

// fuzzMark is the payload of a message. Its reply shows that earlier messages are done.
var fuzzMark = vhosttest.U32(0x7a7a7a7a, 3, 0x5a5a5a5a)

// FuzzMessages sends messages as the input says: number, flags, kinds of two descriptors,
// length of the payload and the payload. The connection must stay unless a version is wrong,
// and a reset must heal it.
func FuzzMessages(f *testing.F) {
	message := func(request, flags, fds byte, payload []byte) []byte {
		return append([]byte{request, flags, fds, byte(len(payload))}, payload...)
	}
	f.Add(message(vhosttest.SetFeatures, 9, 0, vhosttest.U64(vhosttest.DefaultFeatures)))
	f.Add(message(vhosttest.SetMemTable, 9, 3, vhosttest.Table(regionAt(highStart, 5<<20))))
	f.Add(message(vhosttest.SetMemTable, 9, 0, vhosttest.Table()))
	f.Add(message(vhosttest.AddMemReg, 9, 3, vhosttest.Region(far, 4096, far, 0)))
	f.Add(message(vhosttest.RemMemReg, 1, 0, vhosttest.Region(0, 640<<10, user, 0)))
	f.Add(message(vhosttest.SetVringKick, 9, 1, vhosttest.U64(0)))
	f.Add(message(vhosttest.SetVringCall, 9, 2, vhosttest.U64(256)))
	f.Add(message(vhosttest.SetVringErr, 9, 1, vhosttest.U64(0)))
	f.Add(append(message(vhosttest.SetVringNum, 1, 0, vhosttest.U32(0, 1024)), message(vhosttest.SetVringKick, 9, 1, vhosttest.U64(0))...))
	f.Add(append(message(vhosttest.GetVringBase, 1, 0, vhosttest.U32(0, 0)), message(vhosttest.SetVringBase, 9, 0, vhosttest.U32(0, 65535))...))
	f.Add(message(vhosttest.SetVringAddr, 9, 0, addr(user+1<<20, user+1<<20, user+1<<20)))
	f.Add(message(vhosttest.SetStatus, 9, 0, vhosttest.U64(0)))
	f.Add(message(vhosttest.GetConfig, 1, 0, vhosttest.U32(1, 200, 0)))
	f.Add(message(vhosttest.SetProtocolFeatures, 2, 0, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, front := connected(t, vhosttest.Options{})
		require.NoError(t, front.Submit(0, []byte("request"), 10))
		require.NoError(t, front.Tell())
		alive := true
		for len(data) >= 4 && alive {
			n := min(int(data[3]), len(data)-4)
			alive = fuzzMessage(t, front, data[:4], data[4:4+n])
			data = data[4+n:]
		}
		if !alive {
			return
		}
		whole := vhosttest.Table(regionAt(highStart, uint64(len(front.Memory()))))
		_ = front.Order(vhosttest.SetFeatures, vhosttest.U64(vhosttest.DefaultFeatures))
		require.NoError(t, front.Order(vhosttest.SetMemTable, whole, front.MemoryFD()))
		require.NoError(t, front.Reset())
		works(t, front)
	})
}

// fuzzMessage sends one message and reads the replies. It reports whether the connection
// goes on.
func fuzzMessage(t *testing.T, f *vhosttest.Front, head, payload []byte) bool {
	choice := [][]int{nil, {f.KickFD()}, {f.CallFD()}, {f.MemoryFD()}}
	fds := append(choice[head[2]%4], choice[head[2]/4%4]...)
	gone := func(err error) bool {
		return errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
	}
	if err := f.Send(uint32(head[0]), uint32(head[1]), payload, fds...); err != nil {
		require.True(t, gone(err), "%v", err)
		return false
	}
	if err := f.Send(vhosttest.GetConfig, vhosttest.Version, fuzzMark); err != nil {
		require.True(t, gone(err), "%v", err)
		return false
	}
	for {
		m, err := f.Receive()
		if err != nil {
			require.True(t, gone(err), "%v", err)
			require.NotEqual(t, byte(vhosttest.Version), head[1]&3, "closed without need")
			return false
		}
		if bytes.HasPrefix(m.Payload, fuzzMark) {
			return true
		}
	}
}
