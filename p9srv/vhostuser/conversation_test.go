//go:build linux

package vhostuser_test

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/p9srv/vhostuser/vhosttest"
)

// numbers are the message numbers by name, for the conversations in testdata.
var numbers = map[string]uint32{
	"GET_FEATURES": vhosttest.GetFeatures, "SET_FEATURES": vhosttest.SetFeatures, "SET_OWNER": vhosttest.SetOwner,
	"GET_PROTOCOL_FEATURES": vhosttest.GetProtocolFeatures, "SET_PROTOCOL_FEATURES": vhosttest.SetProtocolFeatures,
	"GET_QUEUE_NUM": vhosttest.GetQueueNum, "GET_MAX_MEM_SLOTS": vhosttest.GetMaxMemSlots,
	"SET_BACKEND_REQ_FD": vhosttest.SetBackendReqFD, "SET_VRING_CALL": vhosttest.SetVringCall,
	"SET_VRING_ERR": vhosttest.SetVringErr, "GET_CONFIG": vhosttest.GetConfig, "GET_STATUS": vhosttest.GetStatus,
	"SET_STATUS": vhosttest.SetStatus, "ADD_MEM_REG": vhosttest.AddMemReg, "SET_MEM_TABLE": vhosttest.SetMemTable,
	"SET_VRING_NUM": vhosttest.SetVringNum, "SET_VRING_BASE": vhosttest.SetVringBase,
	"SET_VRING_ADDR": vhosttest.SetVringAddr, "SET_VRING_KICK": vhosttest.SetVringKick,
	"SET_VRING_ENABLE": vhosttest.SetVringEnable, "GET_VRING_BASE": vhosttest.GetVringBase,
}

func TestConversations(t *testing.T) {
	for name, opt := range map[string]vhosttest.Options{
		"qemu11": {}, "uml": {UML: true, QueueSize: 256},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile("testdata/" + name + ".txt")
			require.NoError(t, err)
			e, f := newEcho(t, opt)
			c := conversation{t, e, f}
			for i, line := range strings.Split(string(text), "\n") {
				if line != "" && line[0] != '#' {
					c.line(i+1, line)
				}
			}
			require.Empty(t, e.log.String())
			require.NoError(t, f.Close())
			require.NoError(t, e.conn.Wait())
		})
	}
}

// conversation plays the lines of a file in testdata. qemu11.txt describes them.
type conversation struct {
	t *testing.T
	e *echo
	f *vhosttest.Front
}

func (c *conversation) line(number int, line string) {
	words := strings.Fields(line)
	switch words[0] {
	case ">":
		request, flags, payload, fds := c.message(number, words[1:])
		require.NoError(c.t, c.f.Send(request, flags, payload, fds...), "line %d", number)
	case "<":
		request, flags, payload, _ := c.message(number, words[1:])
		got, err := c.f.Receive()
		require.NoError(c.t, err, "line %d", number)
		require.Equal(c.t, vhosttest.Message{Request: request, Flags: flags, Payload: payload}, got, "line %d", number)
	default:
		c.do(number, strings.Join(words[1:], " "))
	}
}

func (c *conversation) do(number int, what string) {
	switch what {
	case "works": // two requests
		works(c.t, c.f)
	case "kept":
		c.e.wasNotReset(c.t)
	case "reset":
		c.e.wasReset(c.t)
	case "new ring":
		c.f.NewRing()
	default:
		require.FailNow(c.t, "unknown", "line %d: %s", number, what)
	}
}

func (c *conversation) message(number int, words []string) (request, flags uint32, payload []byte, fds []int) {
	request, ok := numbers[words[0]]
	require.True(c.t, ok, "line %d: %s", number, words[0])
	payload = []byte{}
	for _, word := range words[2:] {
		kind, value, _ := strings.Cut(word, ":")
		switch kind {
		case "fd":
			fds = append(fds, c.fd(value))
		case "text":
			payload = append(payload, value...)
		case "zero":
			payload = append(payload, make([]byte, parse(c.t, value, 10))...)
		case "$high":
			payload = binary.NativeEndian.AppendUint64(payload, uint64(len(c.f.Memory()))-highStart)
		case "u16":
			payload = binary.LittleEndian.AppendUint16(payload, uint16(parse(c.t, value, 16)))
		case "u32":
			payload = binary.NativeEndian.AppendUint32(payload, uint32(parse(c.t, value, 16)))
		case "u64":
			payload = binary.NativeEndian.AppendUint64(payload, parse(c.t, value, 16))
		default:
			require.FailNow(c.t, "unknown", "line %d: %s", number, word)
		}
	}
	return request, uint32(parse(c.t, words[1], 16)), payload, fds
}

func (c *conversation) fd(whose string) int {
	switch whose {
	case "memory":
		return c.f.MemoryFD()
	case "kick":
		return c.f.KickFD()
	case "call":
		return c.f.CallFD()
	case "back":
		return c.f.BackendFD()
	}
	require.Equal(c.t, "err", whose)
	return c.f.ErrFD()
}

func parse(t *testing.T, s string, base int) uint64 {
	n, err := strconv.ParseUint(s, base, 64)
	require.NoError(t, err)
	return n
}
