package p9srv

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/p9srv/wire"
)

func wireWith(t *testing.T, texts ...string) *Wire {
	t.Helper()
	var planted []device.Planted
	for _, text := range texts {
		p, err := device.ParseFault(WireFaults(), text)
		require.NoError(t, err)
		planted = append(planted, p)
	}
	w, err := NewWire(planted...)
	require.NoError(t, err)
	return w
}

// talkWithFaults is a talk with faults of the device and of the wire.
func talkWithFaults(t *testing.T, wire *Wire, faults ...string) *talk {
	t.Helper()
	var planted []device.Planted
	for _, text := range faults {
		p, err := device.ParseFault(device.Faults(), text)
		require.NoError(t, err)
		planted = append(planted, p)
	}
	m, err := device.Faulty(new(device.FullEx), planted...)
	require.NoError(t, err)
	kernel := device.NewKernel(m)
	require.NoError(t, kernel.Load("full_ex"))
	k := newTalk(t, &Server{Kernel: kernel, Wire: wire})
	k.setWire()
	k.start(1)
	return k
}

// openFaulty opens a deque of two, four and six on fid 1. The front answers there
// as fast as it may.
func openFaulty(t *testing.T, faults ...string) *talk {
	t.Helper()
	k := talkWithFaults(t, nil, faults...)
	k.openDevice(1, "full_ex")
	k.write(1, 0, []byte{9})
	k.push(1, 0, 2, 4, 6)
	return k
}

func (k *talk) wantValue(want int32, count uint32) {
	k.t.Helper()
	v, ok := k.read(1, 0, count)
	assert.True(k.t, ok)
	assert.Equal(k.t, want, v)
}

func TestFaultsOfTheDeviceReachTheWire(t *testing.T) {
	k := openFaulty(t, "lost-on-big-read")
	k.wantValue(2, 4)
	k.wantValue(4, 4096)
	k.refuse(syscall.EACCES, wire.Tread, uint32(1), uint64(0), uint32(4)) // six is lost
	k.push(1, 0, 8)
	k.refuse(syscall.EINVAL, wire.Tread, uint32(1), uint64(0), uint32(3))
	k.wantValue(8, 1<<20)

	k = openFaulty(t, "lost-on-error")
	k.refuse(syscall.EINVAL, wire.Tread, uint32(1), uint64(0), uint32(3))
	k.wantValue(4, 4096)
	k.wantValue(6, 4)

	k = openFaulty(t, "short-write")
	k.write(1, 0, []byte{1, 2})
	k.refuse(syscall.EINVAL, wire.Twrite, uint32(1), uint64(0), uint32(5), make([]byte, 5))
	k.wantValue(0x0201, 4)

	k = openFaulty(t, "odd-right", "second-open")
	k.push(1, 0, 1)
	k.openDevice(2, "full_ex")
	k.refuse(syscall.EACCES, wire.Tread, uint32(2), uint64(0), uint32(4))
	for _, want := range []int32{2, 4, 6, 1} {
		k.wantValue(want, 8)
	}

	k = talkWithFaults(t, nil, "error=1")
	k.openDevice(1, "full_ex")
	k.refuse(syscall.EIO, wire.Twrite, uint32(1), uint64(0), uint32(4), uint32(2))
}

func TestDelayedRepliesLeaveLaterAndTogether(t *testing.T) {
	const delay = 30 * time.Millisecond
	k := talkWithFaults(t, wireWith(t, "delay=30ms"))
	start := time.Now()
	k.openDevice(1, "full_ex") // two messages
	assert.GreaterOrEqual(t, time.Since(start), 2*delay)
	k.write(1, 0, []byte{9})
	request := frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(4), uint32(2))
	var requests []byte
	for range 9 {
		requests = append(requests, request...)
	}
	start = time.Now()
	used, out, err := k.process(requests, nil)
	require.NoError(t, err)
	assert.Equal(t, len(requests), used)
	assert.Len(t, out, 9*wire.RwriteSize)
	assert.GreaterOrEqual(t, time.Since(start), delay)
	assert.Less(t, time.Since(start), 9*delay)
}

func TestDelayDoesNotHoldUpAShutdown(t *testing.T) {
	srv := &Server{Wire: wireWith(t, "delay=1m")}
	client := socketTo(t, srv)
	_, err := client.Write(frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L))
	require.NoError(t, err)
	memory, err := srv.Connect()
	require.NoError(t, err)
	asked := make(chan error, 1)
	go func() {
		_, err := memory.Write(frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L))
		asked <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, srv.Shutdown(ctx))
	<-asked
}

// socketTo returns a client's end of a unix socket to a server that ends with the
// test.
func socketTo(t *testing.T, srv *Server) net.Conn {
	t.Helper()
	return socketOver(t, srv, "unix", filepath.Join(t.TempDir(), "s"))
}

// socketOver is socketTo at an address.
func socketOver(t *testing.T, srv *Server, network, address string) net.Conn {
	t.Helper()
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	client, err := net.Dial(network, l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = client.Close()
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-done, ErrServerClosed)
	})
	return client
}

// readReplies reads replies and returns their tags and types.
func readReplies(t *testing.T, from io.Reader, n int) (tags []uint16, types []wire.Type) {
	t.Helper()
	for range n {
		head := make([]byte, wire.HeadSize)
		_, err := io.ReadFull(from, head)
		require.NoError(t, err)
		m := wire.Frame(head)
		tags, types = append(tags, m.Tag()), append(types, m.Type())
		_, err = io.CopyN(io.Discard, from, int64(le.Uint32(head))-wire.HeadSize)
		require.NoError(t, err)
	}
	return tags, types
}

func TestReorderedReplies(t *testing.T) {
	srv := &Server{Wire: wireWith(t, "reorder")}
	client := socketTo(t, srv)
	send := func(m []byte) {
		_, err := client.Write(m)
		require.NoError(t, err)
	}
	open := func(messages ...[]byte) {
		for _, m := range messages {
			send(m)
			_, types := readReplies(t, client, 1)
			require.NotEqual(t, wire.Rlerror, types[0])
		}
	}
	open(frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L),
		frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", uint32(wire.NoUID)),
		frame(wire.Twalk, 1, uint32(0), uint32(1), uint16(1), "full_ex"),
		frame(wire.Tlopen, 1, uint32(1), uint32(2)))
	var batch []byte
	batch = append(batch, frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(1), uint8(9))...)
	for tag := uint16(2); tag < 5; tag++ {
		batch = append(batch, frame(wire.Twrite, tag, uint32(1), uint64(0), uint32(4), uint32(2*tag))...)
	}
	batch = append(batch, frame(wire.Tflush, 5, uint16(4))...)
	for tag := uint16(6); tag < 9; tag++ {
		batch = append(batch, frame(wire.Tread, tag, uint32(1), uint64(0), uint32(4))...)
	}
	send(batch)
	tags, types := readReplies(t, client, 8)
	assert.Equal(t, []uint16{4, 3, 2, 1, 5, 8, 7, 6}, tags, "none but the reply to the flush keeps its place")
	assert.Equal(t, []wire.Type{119, 119, 119, 119, 109, 117, 117, 117}, types, "all requests were answered in their order")
}

func TestDroppedConnections(t *testing.T) {
	srv := &Server{Wire: wireWith(t, "drop=4")}
	client := socketTo(t, srv)
	messages := [][]byte{frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L),
		frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", uint32(wire.NoUID)),
		frame(wire.Twalk, 2, uint32(0), uint32(1), uint16(1), "full_ex"),
		frame(wire.Tlopen, 3, uint32(1), uint32(2)), frame(wire.Tlopen, 4, uint32(1), uint32(2))}
	_, err := client.Write(slices.Concat(messages...))
	require.NoError(t, err)
	tags, types := readReplies(t, client, 3)
	assert.Equal(t, []uint16{wire.NoTag, 1, 2}, tags)
	assert.Equal(t, []wire.Type{wire.Rversion, wire.Rattach, wire.Rwalk}, types)
	_, err = client.Read(make([]byte, 1))
	assert.Error(t, err, "the fourth message ends the connection")
	require.NoError(t, srv.Close())
	assert.Zero(t, srv.Kernel.Sessions())
}

func TestDropCountsMessagesInPartsAndKeepsTheProtocol(t *testing.T) {
	k := talkWithFaults(t, wireWith(t, "drop=5"))
	m := frame(wire.Twalk, 7, uint32(0), uint32(1), uint16(1), "full_ex")
	for range 3 {
		used, out, err := k.process(m[:len(m)-1], nil)
		require.NoError(t, err)
		assert.Zero(t, used)
		assert.Empty(t, out)
	}
	k.walk(0, 1, "full_ex")
	k.want(wire.Tgetattr, uint32(1), uint64(0x7ff))
	_, out, err := k.process(m, nil)
	assert.ErrorIs(t, err, errDropped)
	assert.Empty(t, out)
	k = talkWithFaults(t, wireWith(t, "drop=50"))
	_, _, err = k.process([]byte{3, 0, 0, 0, 100, 0, 0}, nil)
	assert.ErrorIs(t, err, errFrameSize)
	_, _, err = k.process([]byte{0, 0, 0, 1}, nil)
	assert.ErrorIs(t, err, errFrameLimit)
}

func TestBadFaultsOfTheWireAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"delay=":   "want delay=TIME",
		"delay=5":  "such as 20ms",
		"delay=0s": "above 0",
		"delay=2m": "up to 1m0s",
		"drop=0":   "from 1",
		"drop=-1":  "from 1",
		"drop=x":   "from 1",
		"reorder=": "want reorder",
		"leak":     "no such fault, want one of delay=TIME, reorder, drop=N",
	} {
		p, err := device.ParseFault(WireFaults(), text)
		if err == nil {
			_, err = NewWire(p)
		}
		assert.ErrorContains(t, err, want, text)
	}
	_, err := NewWire(device.Planted{Fault: device.Fault{Name: "leak"}})
	assert.ErrorContains(t, err, "none of the wire's")
}

func TestWithFaultsOfTheWireTheDeviceIsAsItShouldBe(t *testing.T) {
	for _, fault := range []string{"delay=1us", "reorder", "drop=1000"} {
		k := talkWithFaults(t, wireWith(t, fault))
		k.openDevice(1, "full_ex")
		k.refuse(syscall.EACCES, wire.Tread, uint32(1), uint64(0), uint32(4))
		k.refuse(syscall.EINVAL, wire.Twrite, uint32(1), uint64(0), uint32(1), uint8(101))
		k.write(1, 0, []byte{3})
		k.push(1, 0, 2, 1, -3)
		k.refuse(syscall.EACCES, wire.Twrite, uint32(1), uint64(0), uint32(4), uint32(4))
		k.refuse(syscall.EINVAL, wire.Tread, uint32(1), uint64(0), uint32(3))
		k.walk(0, 2, "full_ex")
		k.refuse(syscall.EACCES, wire.Tlopen, uint32(2), uint32(2))
		for _, want := range []int32{-3, 1, 2} {
			k.wantValue(want, 4096)
		}
		k.want(wire.Tclunk, uint32(1))
		k.want(wire.Tlopen, uint32(2), uint32(2))
	}
}
