package tests

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fullex/p9srv"
)

// BenchmarkAgainstEcho has one client with 1 and with 64 requests outstanding
// talk to the server and to a server that only sends frames back, in turns
// within one run, over unix sockets. It reports how many times as fast the
// server is ("of-echo"; 1 is the speed of the echo).
func BenchmarkAgainstEcho(b *testing.B) {
	for _, depth := range []int{1, 64} {
		b.Run(fmt.Sprintf("outstanding=%d", depth), func(b *testing.B) {
			device := dial(b, serve(b, &p9srv.Server{}))
			openByFrames(b, device)
			echo := dial(b, serveEcho(b))
			batches := batchesOf(depth)
			var deviceTime, echoTime time.Duration
			for b.Loop() {
				echoTime += exchange(b, echo, batches)
				deviceTime += exchange(b, device, batches)
			}
			ops := float64(b.N * depth)
			b.ReportMetric(echoTime.Seconds()/deviceTime.Seconds(), "of-echo")
			b.ReportMetric(ops/deviceTime.Seconds(), "ops/s")
			b.ReportMetric(ops/echoTime.Seconds(), "echo-ops/s")
		})
	}
}

// exchange sends batches by turns and waits for the replies of each, many times,
// so that the turns are long against the clock. None may be refused.
func exchange(b *testing.B, c net.Conn, batches []batch) time.Duration {
	b.Helper()
	const turns = 64
	in := make([]byte, 64<<10)
	start := time.Now()
	for i := range turns {
		now := batches[i%len(batches)]
		_, err := c.Write(now.requests)
		require.NoError(b, err)
		_, err = io.ReadFull(c, in[:now.replies])
		require.NoError(b, err)
		require.NotEqual(b, byte(7), in[4], "Rlerror")
	}
	return time.Since(start) / turns
}

// batch is what is sent at once, and how many bytes the replies to it take.
type batch struct {
	requests []byte
	replies  int
}

// batchesOf returns batches of depth requests that write values and read them
// back by turns.
func batchesOf(depth int) []batch {
	all, replies := requests(max(2, depth))
	if depth > 1 {
		return []batch{{all, replies}}
	}
	const write = 27 // the size of a Twrite of four bytes
	return []batch{{all[:write], writeReply}, {all[write:], readReply}}
}

// Sizes of replies, in bytes.
const (
	writeReply = 11 // Rwrite
	readReply  = 15 // Rread of a value
)

// requests writes values and reads them back by turns, and says how many bytes
// the replies take.
func requests(depth int) (batch []byte, replies int) {
	for i := range depth {
		if i%2 == 0 {
			batch = append(batch, message(118, uint16(i), u32(1), u64(0), u32(4), value(2))...)
			replies += writeReply
		} else {
			batch = append(batch, message(116, uint16(i), u32(1), u64(0), u32(4))...)
			replies += readReply
		}
	}
	return batch, replies
}

// openByFrames opens the device with fid 1, with room for one value.
func openByFrames(b *testing.B, c net.Conn) {
	b.Helper()
	for _, request := range [][]byte{
		message(100, 0xffff, u32(65536), text("9P2000.L")),
		message(104, 1, u32(0), u32(0xffffffff), text(""), text(""), u32(0)),
		message(110, 1, u32(0), u32(1), []byte{1, 0}, text("full_ex")),
		message(12, 1, u32(1), u32(2)),
		message(118, 1, u32(1), u64(0), u32(1), []byte{1}),
	} {
		_, err := c.Write(request)
		require.NoError(b, err)
		require.NotEqual(b, byte(7), readFrame(b, c)[4], "Rlerror")
	}
}

func message(typ byte, tag uint16, fields ...[]byte) []byte {
	body := []byte{typ, byte(tag), byte(tag >> 8)}
	for _, field := range fields {
		body = append(body, field...)
	}
	return append(u32(uint32(len(body)+4)), body...)
}

func u32(v uint32) []byte  { return binary.LittleEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte  { return binary.LittleEndian.AppendUint64(nil, v) }
func text(s string) []byte { return append([]byte{byte(len(s)), 0}, s...) }

func readFrame(t testing.TB, r io.Reader) []byte {
	t.Helper()
	head := make([]byte, 4)
	_, err := io.ReadFull(r, head)
	require.NoError(t, err)
	frame := append(head, make([]byte, binary.LittleEndian.Uint32(head)-4)...)
	_, err = io.ReadFull(r, frame[4:])
	require.NoError(t, err)
	return frame
}

// serveEcho tells frames apart, answers each with one of the right size and the
// same tag, and does nothing else.
func serveEcho(b *testing.B) net.Addr {
	b.Helper()
	l, err := net.Listen("unix", filepath.Join(b.TempDir(), "echo"))
	require.NoError(b, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }() // nothing is left to lose
		sendBack(c)
	}()
	b.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr()
}

func sendBack(c net.Conn) {
	in, out := make([]byte, 64<<10), make([]byte, 0, 64<<10)
	written, read := message(119, 0, u32(4)), message(117, 0, u32(4), value(2))
	for fill := 0; ; {
		n, err := c.Read(in[fill:])
		if err != nil {
			return
		}
		fill += n
		used := 0
		for out = out[:0]; fill-used >= 7; {
			size := int(binary.LittleEndian.Uint32(in[used:]))
			if fill-used < size {
				break
			}
			reply := written
			if in[used+4] == 116 {
				reply = read
			}
			copy(reply[5:], in[used+5:used+7]) // the tag
			out = append(out, reply...)
			used += size
		}
		fill = copy(in, in[used:fill])
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}
