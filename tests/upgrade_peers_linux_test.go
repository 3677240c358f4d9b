package tests

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client/load"
	"fullex/p9srv/endpoint"
)

// rawPeer connects to an endpoint, for messages of the test's own.
func rawPeer(t testing.TB, at string) net.Conn {
	t.Helper()
	e, err := endpoint.Parse(at)
	require.NoError(t, err)
	c, err := e.Dial(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() }) // a test may have closed it
	require.NoError(t, c.SetDeadline(time.Now().Add(6*patience)))
	return c
}

// Messages that start a session, and their replies.
var (
	version      = message(100, 0xffff, u32(65536), text("9P2000.L"))
	versionReply = message(101, 0xffff, u32(65536), text("9P2000.L"))
	attachSelf   = message(104, 1, u32(0), u32(0xffffffff), text(""), text(""), u32(0xffffffff))
)

// openedPeer is rawPeer with the device open as fid 1, with room for 100 values.
func openedPeer(t testing.TB, at string) net.Conn {
	t.Helper()
	c := rawPeer(t, at)
	require.NoError(t, writeAll(c, slices.Concat(version, attachSelf, openDeque(1))))
	for range 5 {
		readFrame(t, c)
	}
	return c
}

// push and pop are requests for fid 1, and pushed and popped the replies.
func push(tag uint16, v uint32) []byte { return message(118, tag, u32(1), u64(0), u32(4), u32(v)) }
func pop(tag uint16) []byte            { return message(116, tag, u32(1), u64(0), u32(4)) }
func pushed(tag uint16) []byte         { return message(119, tag, u32(4)) }
func popped(tag uint16, v uint32) []byte {
	return message(117, tag, u32(4), u32(v))
}

// TestUpgradeCarriesRepliesThatNobodyReads: a peer sends requests and reads nothing, until
// the server waits to write. It gets every reply once it reads.
func TestUpgradeCarriesRepliesThatNobodyReads(t *testing.T) {
	const pairs = 400_000 // more than sockets hold
	var requests, replies bytes.Buffer
	for i := range uint32(pairs) {
		tag := uint16(2 * (i % 30_000))
		requests.Write(push(tag, i))
		requests.Write(pop(tag + 1))
		replies.Write(pushed(tag))
		replies.Write(popped(tag+1, i))
	}
	s := serveUpgradable(t, "--listen", "tcp:127.0.0.1:0")
	for _, at := range s.at {
		c := openedPeer(t, at)
		if tcp, ok := c.(*net.TCPConn); ok {
			require.NoError(t, tcp.SetReadBuffer(64<<10)) // or it grows
		}
		var sent atomic.Int64
		done := make(chan error, 1)
		go func() {
			var err error
			for piece := range slices.Chunk(requests.Bytes(), 1000) {
				if _, err = c.Write(piece); err != nil {
					break
				}
				sent.Add(int64(len(piece)))
			}
			done <- err
		}()
		awaitStill(t, &sent)
		require.Less(t, sent.Load(), int64(requests.Len()), "the server takes no more")
		for range upgrades(3, 20) {
			s.upgrade()
		}
		got := make([]byte, replies.Len())
		half := len(got) / 2
		_, err := io.ReadFull(c, got[:half])
		require.NoError(t, err, "%s", &s.log)
		s.upgrade()
		_, err = io.ReadFull(c, got[half:])
		require.NoError(t, err)
		require.NoError(t, <-done)
		assert.True(t, bytes.Equal(replies.Bytes(), got), "%s: the replies, in their order", at)
	}
}

// awaitStill waits until a number that grows has not grown for a while.
func awaitStill(t testing.TB, n *atomic.Int64) {
	t.Helper()
	last, since := int64(-1), time.Now()
	eventually(t, "it stands still", func() bool {
		if now := n.Load(); now != last {
			last, since = now, time.Now()
		}
		return last > 0 && time.Since(since) > 300*time.Millisecond
	})
}

// TestUpgradeCarriesPartsOfMessages: peers stop within a message, and finish it after an
// upgrade, or after several of which each takes a part.
func TestUpgradeCarriesPartsOfMessages(t *testing.T) {
	s := serveUpgradable(t, "--listen", "tcp:127.0.0.1:0")
	type half struct {
		net.Conn
		rest, want []byte
	}
	var halves []*half
	large := message(118, 7, u32(1), u64(0), u32(60_000), make([]byte, 60_000))
	refusal := message(7, 7, u32(22)) // EINVAL: a value has another size
	for _, at := range s.at {
		for _, cut := range []int{1, 3, 4, 6, 7, 11, len(push(7, 5)) - 1} {
			c := openedPeer(t, at)
			require.NoError(t, writeAll(c, push(7, 5)[:cut]))
			halves = append(halves, &half{c, push(7, 5)[cut:], pushed(7)})
		}
		for _, cut := range []int{100, 5_000, 59_000} {
			c := openedPeer(t, at)
			require.NoError(t, writeAll(c, large[:cut]))
			halves = append(halves, &half{c, large[cut:], refusal})
		}
	}
	s.upgrade()
	for _, h := range halves[:len(halves)/2] {
		require.NoError(t, writeAll(h, h.rest[:len(h.rest)/2]))
		h.rest = h.rest[len(h.rest)/2:]
	}
	s.upgrade()
	for _, h := range halves {
		require.NoError(t, writeAll(h, append(h.rest, pop(8)...)))
		assert.Equal(t, h.want, readFrame(t, h))
		if reply := readFrame(t, h); h.want[4] == 119 {
			assert.Equal(t, popped(8, 5), reply)
		}
	}
}

// TestUpgradeCarriesPeersThatHaveNotAttached: at each point of the start of a session.
func TestUpgradeCarriesPeersThatHaveNotAttached(t *testing.T) {
	s := serveUpgradable(t, "--listen", "tcp:127.0.0.1:0")
	start := slices.Concat(version, attachSelf, openDeque(1), push(2, 77), pop(3))
	cuts := []int{0, 1, 10, len(version), len(version) + 5, len(version) + len(attachSelf)}
	peers := make(map[int][]net.Conn)
	for _, at := range s.at {
		for _, cut := range cuts {
			c := rawPeer(t, at)
			require.NoError(t, writeAll(c, start[:cut]))
			if cut >= len(version) {
				assert.Equal(t, versionReply, readFrame(t, c))
			}
			peers[cut] = append(peers[cut], c)
		}
	}
	for range upgrades(2, 10) {
		s.upgrade()
	}
	for cut, conns := range peers {
		for _, c := range conns {
			require.NoError(t, writeAll(c, start[cut:]))
			if cut < len(version) {
				assert.Equal(t, versionReply, readFrame(t, c))
			}
			for range 5 {
				readFrame(t, c) // of what opens the device
			}
			assert.Equal(t, popped(3, 77), readFrame(t, c), "cut at %d", cut)
		}
	}
}

// TestUpgradesUnderManyConnections: all of them pipeline.
func TestUpgradesUnderManyConnections(t *testing.T) {
	connections := upgrades(2000, 8000)
	s := serveUpgradable(t)
	b := &busy{t: t}
	b.load(loaders(t, atEndpoint(t, s.at[0]), connections, load.Config{Depth: 4, Sessions: 1, Fill: load.Half})...)
	var pauses []time.Duration
	for range upgrades(4, 20) {
		pauses = append(pauses, s.upgrade())
	}
	b.end()
	t.Logf("%d connections, %d operations; %s", connections, b.ops.Load(), spread(pauses))
	assert.Greater(t, b.ops.Load(), int64(connections))
}
