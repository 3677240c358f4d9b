package p9srv

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/p9srv/tree"
	"fullex/p9srv/wire"
)

// talk is a front and its client. They exchange messages without a transport.
type talk struct {
	t *testing.T
	*front
	tag uint16
}

func newTalk(t *testing.T, srv *Server) *talk {
	t.Helper()
	srv.init()
	srv.tree = tree.New(srv.Kernel, time.Unix(1, 2)) // so that two servers report the same attributes
	f := &front{srv: srv, peer: peer{conn: "conn " + t.Name()}, log: slog.New(slog.DiscardHandler)}
	t.Cleanup(f.endSession)
	return &talk{t: t, front: f}
}

// frame encodes a message. Its fields have the types uint8, uint16, uint32, uint64, string
// and []byte. The bytes of a []byte are appended without a length.
func frame(typ wire.Type, tag uint16, fields ...any) []byte {
	b := wire.Begin(nil, typ, tag)
	for _, field := range fields {
		switch v := field.(type) {
		case uint8:
			b = append(b, v)
		case uint16:
			b = le.AppendUint16(b, v)
		case uint32:
			b = le.AppendUint32(b, v)
		case uint64:
			b = le.AppendUint64(b, v)
		case string:
			b = wire.AppendString(b, v)
		case []byte:
			b = append(b, v...)
		}
	}
	return wire.End(b, 0)
}

// send sends one request and returns the type and body of the reply.
func (k *talk) send(typ wire.Type, fields ...any) (wire.Type, []byte) {
	k.t.Helper()
	k.tag++
	request := frame(typ, k.tag, fields...)
	used, out, err := k.Process(request, make([]byte, 0, outSize))
	require.NoError(k.t, err)
	require.Equal(k.t, len(request), used)
	require.GreaterOrEqual(k.t, len(out), wire.HeadSize)
	require.EqualValues(k.t, len(out), le.Uint32(out), "size of the reply")
	m := wire.Frame(out)
	require.Equal(k.t, k.tag, m.Tag())
	return m.Type(), m.Body()
}

// want sends a request that must succeed and returns the body of the reply.
func (k *talk) want(typ wire.Type, fields ...any) []byte {
	k.t.Helper()
	got, body := k.send(typ, fields...)
	if got == wire.Rlerror {
		k.t.Fatalf("type %d: %v", typ, syscall.Errno(le.Uint32(body)))
	}
	require.Equal(k.t, typ+1, got)
	return body
}

// refuse sends a request that must fail with errno.
func (k *talk) refuse(errno syscall.Errno, typ wire.Type, fields ...any) {
	k.t.Helper()
	got, body := k.send(typ, fields...)
	require.Equal(k.t, wire.Rlerror, got, "type %d succeeded", typ)
	assert.Equal(k.t, errno, syscall.Errno(le.Uint32(body)), "type %d", typ)
}

// start agrees on a version and attaches fid 0.
func (k *talk) start(n_uname uint32) {
	k.t.Helper()
	k.want(wire.Tversion, uint32(maxMsize), wire.Version9P2000L)
	k.want(wire.Tattach, uint32(0), uint32(wire.NoFID), "", "", n_uname)
}

// walk walks from fid along names to newFID.
func (k *talk) walk(fid, newFID uint32, names ...string) {
	k.t.Helper()
	fields := []any{fid, newFID, uint16(len(names))}
	for _, name := range names {
		fields = append(fields, name)
	}
	body := k.want(wire.Twalk, fields...)
	require.EqualValues(k.t, len(names), le.Uint16(body), "qids")
}

// openDevice walks to a device file and opens it for reading and writing.
func (k *talk) openDevice(fid uint32, names ...string) {
	k.t.Helper()
	k.walk(0, fid, names...)
	k.want(wire.Tlopen, fid, uint32(2))
}

func (k *talk) write(fid uint32, offset uint64, data []byte) {
	k.t.Helper()
	body := k.want(wire.Twrite, fid, offset, uint32(len(data)), data)
	require.EqualValues(k.t, len(data), le.Uint32(body))
}

func (k *talk) push(fid uint32, offset uint64, values ...int32) {
	k.t.Helper()
	for _, v := range values {
		k.write(fid, offset, binary.LittleEndian.AppendUint32(nil, uint32(v)))
	}
}

// read returns the value that it reads, or false if the reply is empty.
func (k *talk) read(fid uint32, offset uint64, count uint32) (int32, bool) {
	k.t.Helper()
	body := k.want(wire.Tread, fid, offset, count)
	switch le.Uint32(body) {
	case 0:
		return 0, false
	case device.ValueSize:
		return int32(le.Uint32(body[4:])), true
	}
	k.t.Fatalf("a read of %d bytes returned %d", count, le.Uint32(body))
	return 0, false
}

func TestTversionEndsAllSessions(t *testing.T) {
	srv := &Server{}
	k := newTalk(t, srv)
	k.start(1)
	k.openDevice(1, "full_ex")
	assert.Equal(t, 1, srv.Kernel.Sessions())
	k.want(wire.Tversion, uint32(8192), wire.Version9P2000L)
	assert.Zero(t, srv.Kernel.Sessions())
	k.refuse(syscall.EBADF, wire.Tread, uint32(1), uint64(0), uint32(4))
	k.want(wire.Tattach, uint32(0), uint32(wire.NoFID), "", "", uint32(1))
	k.openDevice(1, "full_ex")
}

func TestOnlyTversionIsAcceptedBeforeAVersionIsAgreed(t *testing.T) {
	k := newTalk(t, &Server{})
	k.refuse(syscall.EPROTO, wire.Tattach, uint32(0), uint32(wire.NoFID), "", "", uint32(1))
	k.refuse(syscall.EPROTO, wire.Tread, uint32(0), uint64(0), uint32(4))
	body := k.want(wire.Tversion, uint32(8192), "9P2000.u")
	assert.Equal(t, frame(0, 0, uint32(8192), "unknown")[wire.HeadSize:], body)
	k.refuse(syscall.EPROTO, wire.Tattach, uint32(0), uint32(wire.NoFID), "", "", uint32(1))
	k.refuse(syscall.EMSGSIZE, wire.Tversion, uint32(minMsize-1), wire.Version9P2000L)
	k.start(1)
}

func TestFrameSizesThatEndAConnection(t *testing.T) {
	for name, test := range map[string]struct {
		versioned bool
		size      uint32
		want      error
	}{
		"zero":                    {false, 0, errFrameSize},
		"less than a head":        {false, 6, errFrameSize},
		"first frame above 8 KiB": {false, firstFrameLimit + 1, errFrameLimit},
		"4 GiB":                   {true, 1<<32 - 1, errFrameLimit},
		"above msize":             {true, maxMsize + 1, errFrameLimit},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, &Server{})
			if test.versioned {
				k.start(1)
			}
			_, out, err := k.Process(le.AppendUint32(nil, test.size), nil)
			assert.ErrorIs(t, err, test.want)
			assert.Empty(t, out)
		})
	}
}

func TestPartOfAFrameIsNotUsed(t *testing.T) {
	k := newTalk(t, &Server{})
	whole := frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L)
	for n := range len(whole) {
		used, out, err := k.Process(whole[:n], nil)
		require.NoError(t, err)
		assert.Zero(t, used)
		assert.Empty(t, out)
	}
	used, out, err := k.Process(append(whole, whole[:5]...), nil)
	require.NoError(t, err)
	assert.Equal(t, len(whole), used)
	assert.NotEmpty(t, out)
}

func TestProcessStopsWhenThereAreEnoughReplies(t *testing.T) {
	kernel := device.NewKernel(full{})
	require.NoError(t, kernel.Load("full"))
	k := newTalk(t, &Server{Kernel: kernel})
	k.start(1)
	k.openDevice(1, "full")
	one := frame(wire.Tread, 9, uint32(1), uint64(0), uint32(1000))
	in := bytes.Repeat(one, 100)
	used, out, err := k.Process(in, nil)
	require.NoError(t, err)
	assert.Less(t, used, len(in))
	assert.GreaterOrEqual(t, len(out), flushSize)
	assert.LessOrEqual(t, len(out), flushSize+wire.RreadHead+1000)
}

// full is a module with one file. A read of it returns as many bytes as it asks for.
type full struct{}

func (full) Name() string                { return "full" }
func (full) Unload(*device.Log)          {}
func (full) Read(p []byte) (int, error)  { return len(p), nil }
func (full) Write(p []byte) (int, error) { return len(p), nil }
func (full) Close()                      {}
func (f full) Load(*device.Log) []device.File {
	open := func(device.Client) (device.Handle, error) { return f, nil }
	return []device.File{{Name: "full", Mode: 0o666, Open: open}}
}

func TestProcessStopsAfterItsShareOfWork(t *testing.T) {
	for name, test := range map[string]struct {
		messages [][]byte
		most     int // messages that one call answers
	}{
		"data":    {[][]byte{frame(wire.Tread, 1, uint32(10), uint64(0), uint32(4))}, turnShare},
		"refused": {[][]byte{frame(wire.Tread, 1, uint32(9), uint64(0), uint32(4))}, turnShare},
		"control": {[][]byte{frame(wire.Tgetattr, 1, uint32(0), uint64(0x7ff))}, turnShare/controlWork + 1},
		"listings": {[][]byte{
			wire.AppendWalk(nil, 1, 0, 1, "sessions"), wire.AppendOpen(nil, 2, 1, 0), wire.AppendFID(nil, wire.Tclunk, 3, 1),
		}, 6},
		"sizes": {[][]byte{
			wire.AppendWalk(nil, 1, 0, 1, "sessions"), frame(wire.Tgetattr, 2, uint32(1), uint64(0x7ff)), wire.AppendFID(nil, wire.Tclunk, 3, 1),
		}, 3*turnShare/(sizeWork+40*sessionWork) + 3},
		"versions": {[][]byte{frame(wire.Tversion, wire.NoTag, uint32(8192), "unheard of")}, turnShare/refusalWork + 1},
		"walks":    {[][]byte{wire.AppendWalk(nil, 1, 0, 1, slices.Repeat([]string{"none"}, maxNames)...)}, turnShare/(nameWork*maxNames) + 1},
		"directories that are read after their end": {[][]byte{
			wire.AppendWalk(nil, 1, 0, 1), wire.AppendOpen(nil, 2, 1, 0), wire.AppendReaddir(nil, 3, 1, 1<<40, 100), wire.AppendFID(nil, wire.Tclunk, 4, 1),
		}, 4*turnShare/listWork + 4},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, &Server{})
			k.start(1)
			for i := range uint32(40) { // make /sessions long
				k.openDevice(10+i, "each", "full_ex")
			}
			cycle := bytes.Join(test.messages, nil)
			in := bytes.Repeat(cycle, maxMsize/len(cycle))
			used, _, err := k.Process(in, make([]byte, 0, outSize))
			require.NoError(t, err)
			assert.Positive(t, used)
			assert.LessOrEqual(t, used*len(test.messages)/len(cycle), test.most)
		})
	}
}

func TestGreedyConnectionsRestSoThatProcessorsBecomeIdle(t *testing.T) {
	for _, test := range []struct {
		worked             time.Duration
		greedy, processors int
		want               time.Duration
	}{
		{20 * time.Microsecond, 1, 2, 0},
		{30 * time.Microsecond, 1, 1, 10 * time.Microsecond},
		{30 * time.Microsecond, 8, 2, 130 * time.Microsecond},
		{300 * time.Microsecond, 8, 2, 1300 * time.Microsecond},
		{20 * time.Microsecond, 8, 64, 0},
	} {
		assert.InDelta(t, test.want, restAfter(test.worked, test.greedy, test.processors), 10, "%+v", test)
	}
}

func TestTheClockDecidesWhichConnectionsAreGreedy(t *testing.T) {
	const soon, late = time.Microsecond, time.Second
	var all turns
	one, other := turn{of: &all}, turn{of: &all}
	now := time.Unix(1, 0)
	for i, step := range []struct {
		of     *turn
		after  time.Duration
		greedy bool
		count  int // greedy connections
	}{
		{&one, 0, false, 0}, // the time of the first share is unknown
		{&one, soon, true, 1},
		{&one, soon, true, 1},
		{&other, soon, false, 1},
		{&other, soon, true, 2},
		{&one, late, false, 2},
		{&one, soon, true, 1}, // the other has done nothing for a long time
		{&one, greedySpan / 1000, true, 1},
	} {
		now = now.Add(step.after)
		step.of.work = turnShare
		now = now.Add(step.of.endShare(now))
		assert.Equal(t, step.greedy, step.of.greedy, i)
		assert.Equal(t, step.count, max(all.now, all.before), i)
	}
}

func TestGreedyConnectionsCountForTheNextSpan(t *testing.T) {
	var all turns
	start := time.Unix(1, 0)
	for i := range 8 {
		_, greedy := all.enter(0, start)
		assert.Equal(t, i+1, greedy)
	}
	seen, greedy := all.enter(0, start.Add(greedySpan))
	assert.Equal(t, 8, greedy)
	_, _ = all.enter(seen, start.Add(greedySpan))
	assert.Equal(t, 1, all.now, "once in each span")
	_, greedy = all.enter(seen, start.Add(2*greedySpan))
	assert.Equal(t, 1, greedy)
	_, greedy = all.enter(seen, start.Add(time.Hour))
	assert.Equal(t, 1, greedy)
	assert.Zero(t, all.before)
}

func TestShareIsUsedUpByManySmallPiecesOfWork(t *testing.T) {
	one := turn{of: new(turns), since: time.Now().Add(time.Hour)}
	one.add(turnShare - 1)
	assert.False(t, one.greedy)
	one.add(1)
	assert.True(t, one.greedy)
	assert.Zero(t, one.work)
}

// TestWaitingForAPeerIsNotWork lets a greedy connection wait for an hour between two pieces
// of work.
func TestWaitingForAPeerIsNotWork(t *testing.T) {
	one := turn{of: new(turns), greedy: true, since: time.Now().Add(time.Hour)}
	for range 100 {
		_, _ = one.of.enter(0, time.Now())
	}
	one.begin()
	assert.Zero(t, one.add(1))
	one.start = one.start.Add(-time.Hour)
	one.begin()
	assert.Less(t, one.add(turnShare), time.Second)
}

func TestUsersOfOneConnectionAreDifferentClients(t *testing.T) {
	srv := &Server{}
	k := newTalk(t, srv)
	k.start(1)
	k.want(wire.Tattach, uint32(10), uint32(wire.NoFID), "", "", uint32(2))
	k.openDevice(1, "full_ex")
	k.walk(0, 2, "full_ex")
	k.refuse(syscall.EACCES, wire.Tlopen, uint32(2), uint32(2))
	k.walk(10, 11, "full_ex")
	k.want(wire.Tlopen, uint32(11), uint32(2))
	assert.Equal(t, 2, srv.Kernel.Sessions())
}

func TestDoorDecidesWhichClientAnOpenBelongsTo(t *testing.T) {
	srv := &Server{}
	k := newTalk(t, srv)
	k.start(1)
	k.openDevice(1, "full_ex")
	k.openDevice(2, "each", "full_ex")
	k.openDevice(3, "each", "full_ex")
	k.openDevice(4, "pid", "7", "full_ex")
	k.openDevice(5, "pid", "8", "full_ex")
	k.walk(0, 6, "pid", "7", "full_ex")
	k.refuse(syscall.EACCES, wire.Tlopen, uint32(6), uint32(2))
	assert.Equal(t, 5, srv.Kernel.Sessions())

	k.want(wire.Tattach, uint32(20), uint32(wire.NoFID), "", "/each", uint32(1))
	k.walk(20, 21, "full_ex")
	k.want(wire.Tlopen, uint32(21), uint32(0))
	k.want(wire.Tattach, uint32(30), uint32(wire.NoFID), "", "pid/9/", uint32(1))
	k.walk(30, 31, "full_ex")
	k.want(wire.Tlopen, uint32(31), uint32(1))
	assert.Equal(t, 7, srv.Kernel.Sessions())
}

func TestReadsAndWritesDoNotAllocate(t *testing.T) {
	value := []byte{2, 0, 0, 0}
	for name, messages := range map[string][][]byte{
		"a value in and out": {
			frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(4), value),
			frame(wire.Tread, 2, uint32(1), uint64(0), uint32(4)),
		},
		"refusals": {
			frame(wire.Tread, 1, uint32(1), uint64(0), uint32(4)),
			frame(wire.Twrite, 2, uint32(1), uint64(0), uint32(1), []byte{9}),
			frame(wire.Tread, 3, uint32(99), uint64(0), uint32(4)),
		},
	} {
		k := newTalk(t, &Server{})
		k.start(1)
		k.openDevice(1, "full_ex")
		k.write(1, 0, []byte{100})
		in := bytes.Join(messages, nil)
		out := make([]byte, 0, 256)
		assert.Zero(t, testing.AllocsPerRun(1000, func() {
			if used, _, err := k.Process(in, out); used != len(in) || err != nil {
				t.Fatal(used, err)
			}
		}), name)
	}
}

func BenchmarkReadDepth(b *testing.B) {
	for _, depth := range []int{1, 64, 256} {
		b.Run(map[int]string{1: "1", 64: "64", 256: "256"}[depth], func(b *testing.B) {
			srv := &Server{}
			srv.init()
			f := &front{srv: srv, log: srv.log}
			defer f.endSession()
			k := &talk{t: nil, front: f}
			in := k.setUpBenchmark(b, depth)
			out := make([]byte, 0, outSize)
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if used, _, err := f.Process(in, out); used != len(in) || err != nil {
					b.Fatal(used, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*depth), "ns/message")
		})
	}
}

// BenchmarkRefusals sends messages that are all refused.
func BenchmarkRefusals(b *testing.B) {
	srv := &Server{}
	srv.init()
	f := &front{srv: srv, log: srv.log}
	defer f.endSession()
	(&talk{front: f}).setUpBenchmark(b, 0)
	one := frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(1), []byte{1})
	out := make([]byte, 0, outSize)
	for b.Loop() {
		_, _, _ = f.Process(one, out)
	}
}

// setUpBenchmark opens a device and returns depth messages, reads and writes alternating.
func (k *talk) setUpBenchmark(b *testing.B, depth int) []byte {
	b.Helper()
	set := [][]byte{
		frame(wire.Tversion, wire.NoTag, uint32(maxMsize), wire.Version9P2000L),
		frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", uint32(1)),
		frame(wire.Twalk, 1, uint32(0), uint32(1), uint16(1), "full_ex"),
		frame(wire.Tlopen, 1, uint32(1), uint32(2)),
		frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(1), []byte{100}),
		frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(4), []byte{2, 0, 0, 0}),
	}
	for _, request := range set {
		_, out, err := k.Process(request, nil)
		require.NoError(b, err)
		require.NotEqual(b, wire.Rlerror, wire.Frame(out).Type())
	}
	var in []byte
	for i := range depth {
		if i%2 == 0 {
			in = append(in, frame(wire.Tread, uint16(i), uint32(1), uint64(0), uint32(4))...)
		} else {
			in = append(in, frame(wire.Twrite, uint16(i), uint32(1), uint64(0), uint32(4), []byte{2, 0, 0, 0})...)
		}
	}
	return in
}

// BenchmarkOpen walks to the device, opens it and closes it, 64 times in each batch.
func BenchmarkOpen(b *testing.B) {
	srv := &Server{}
	srv.init()
	f := &front{srv: srv, log: srv.log}
	defer f.endSession()
	(&talk{front: f}).setUpBenchmark(b, 0)
	const cycles = 64
	var in []byte
	for range cycles {
		in = wire.AppendWalk(in, 1, 0, 9, "each", "full_ex")
		in = wire.AppendOpen(in, 2, 9, 2)
		in = wire.AppendFID(in, wire.Tclunk, 3, 9)
	}
	out := make([]byte, 0, outSize)
	b.ReportAllocs()
	for b.Loop() {
		for rest := in; len(rest) > 0; {
			used, _, err := f.Process(rest, out)
			if used == 0 || err != nil {
				b.Fatal(used, err)
			}
			rest = rest[used:]
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*cycles), "ns/cycle")
}

func TestRestEndsWithTheServer(t *testing.T) {
	srv := &Server{}
	srv.init()
	rested := make(chan struct{})
	go func() {
		defer close(rested)
		srv.rest(time.Hour)
	}()
	require.NoError(t, srv.Close())
	<-rested
}
