package p9srv

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/vhostuser/vhosttest"
	"fullex/p9srv/wire"
	"fullex/tests/locked"
)

// driver is the driver of a virtual machine, together with its front-end. It sends and
// receives single messages.
type driver struct {
	t testing.TB
	*vhosttest.Front
	tag    uint16
	served chan error // gets the result of ServeConn
}

// newDriver connects a virtual machine to a server.
func newDriver(t testing.TB, srv *Server, options vhosttest.Options) *driver {
	t.Helper()
	front, back, err := vhosttest.Pair()
	require.NoError(t, err)
	d := &driver{t: t, served: make(chan error, 1)}
	go func() { d.served <- srv.ServeConn(endpoint.VhostConn{UnixConn: back, Tag: "deque"}) }()
	d.Front, err = vhosttest.New(front, options)
	require.NoError(t, err)
	require.NoError(t, d.Connect())
	t.Cleanup(func() {
		_ = d.Close() // a test may have closed it
		assert.NoError(t, <-d.served)
	})
	return d
}

// room is a number of bytes that fits every reply of these tests.
const room = 4096

// send sends a request and returns the type and body of the reply.
func (d *driver) send(typ wire.Type, fields ...any) (wire.Type, []byte) {
	d.t.Helper()
	d.tag++
	return d.sendFrame(frame(typ, d.tag, fields...), room)
}

func (d *driver) sendFrame(request []byte, room int) (wire.Type, []byte) {
	d.t.Helper()
	reply, err := d.Call(request, room)
	require.NoError(d.t, err)
	require.GreaterOrEqual(d.t, len(reply), wire.HeadSize)
	require.EqualValues(d.t, len(reply), le.Uint32(reply), "size of the reply")
	m := wire.Frame(reply)
	require.Equal(d.t, le.Uint16(request[5:]), m.Tag())
	return m.Type(), m.Body()
}

// want sends a request that must succeed and returns the body of the reply.
func (d *driver) want(typ wire.Type, fields ...any) []byte {
	d.t.Helper()
	got, body := d.send(typ, fields...)
	if got == wire.Rlerror {
		d.t.Fatalf("type %d: %v", typ, syscall.Errno(le.Uint32(body)))
	}
	require.Equal(d.t, typ+1, got)
	return body
}

// refused sends a request that must fail with an errno.
func (d *driver) refused(want syscall.Errno, typ wire.Type, fields ...any) {
	d.t.Helper()
	got, body := d.send(typ, fields...)
	require.Equal(d.t, wire.Rlerror, got)
	require.Equal(d.t, want, syscall.Errno(le.Uint32(body)))
}

// attach begins a 9P session and calls open.
func (d *driver) attach() {
	d.t.Helper()
	d.want(wire.Tversion, uint32(maxMsize), wire.Version9P2000L)
	d.want(wire.Tattach, uint32(0), uint32(wire.NoFID), "", "", uint32(0))
	d.open()
}

// open opens the device as fid 1 with the capacity 9.
func (d *driver) open() {
	d.t.Helper()
	d.want(wire.Twalk, uint32(0), uint32(1), uint16(1), "full_ex")
	d.want(wire.Tlopen, uint32(1), uint32(2))
	d.want(wire.Twrite, uint32(1), uint64(0), uint32(1), []byte{9})
}

func (d *driver) push(v int32) {
	d.t.Helper()
	d.want(wire.Twrite, uint32(1), uint64(0), uint32(4), uint32(v))
}

func (d *driver) pop(want int32) {
	d.t.Helper()
	body := d.want(wire.Tread, uint32(1), uint64(0), uint32(4))
	require.Equal(d.t, []any{uint32(4), uint32(want)}, []any{le.Uint32(body), le.Uint32(body[4:])})
}

func TestGuestsSessionsSurviveAStopAndEndAtAReset(t *testing.T) {
	srv := &Server{}
	d := newDriver(t, srv, vhosttest.Options{})
	config, err := d.Ask(vhosttest.GetConfig, append(vhosttest.U32(0, 64, 0), make([]byte, 64)...))
	require.NoError(t, err)
	assert.Equal(t, "\x05\x00deque\x00", string(config[12:20]))
	d.attach()
	d.push(2)
	for range 3 {
		require.NoError(t, d.Stop())
		assert.Equal(t, 1, srv.Kernel.Sessions())
		require.NoError(t, d.Continue())
	}
	d.pop(2)
	d.push(4)
	require.NoError(t, d.Reset())
	d.refused(syscall.EPROTO, wire.Tread, uint32(1), uint64(0), uint32(4))
	assert.Zero(t, srv.Kernel.Sessions())
	d.attach()
	d.refused(syscall.EACCES, wire.Tread, uint32(1), uint64(0), uint32(4))
	d.push(6)
	d.want(wire.Tversion, uint32(maxMsize), wire.Version9P2000L)
	assert.Zero(t, srv.Kernel.Sessions(), "Tversion ends sessions, too")
	d.attach()
	require.NoError(t, d.Close())
	require.NoError(t, srv.Close())
	assert.Zero(t, srv.Kernel.Sessions(), "the end of the machine ends sessions, too")
}

// TestGuestsInvalidRequestsEndNoSession sends one invalid request to each server. The request
// gets an error or its buffers back, and the session goes on.
func TestGuestsInvalidRequestsEndNoSession(t *testing.T) {
	sized := func(size uint32, request []byte) []byte { le.PutUint32(request, size); return request }
	getattr := frame(wire.Tgetattr, 7, uint32(0), uint64(0x7ff))
	for _, test := range []struct {
		name    string
		request []byte
		room    int
		want    syscall.Errno // 0: an empty answer
	}{
		{"no bytes", nil, room, 0},
		{"fewer bytes than a head", []byte{6, 0, 0, 0, 1, 2}, room, 0},
		{"no room", getattr, 0, 0},
		{"too little room for an error", getattr, wire.RlerrorSize - 1, 0},
		{"room for an error only", getattr, wire.RlerrorSize, syscall.ENOBUFS},
		{"size below a head", sized(6, frame(wire.Tclunk, 7, uint32(9))), room, syscall.EINVAL},
		{"size above the bytes of the request", sized(100, frame(wire.Tclunk, 7, uint32(9))), room, syscall.EINVAL},
		{"size above msize", sized(maxMsize+1, make([]byte, 100)), room, syscall.EMSGSIZE},
		{"size and bytes above msize", sized(maxMsize+1, make([]byte, maxMsize+1)), room, syscall.EMSGSIZE},
		{"largest size", sized(1<<32-1, make([]byte, 100)), room, syscall.EMSGSIZE},
		{"unknown type", frame(255, 7, "x"), room, syscall.EOPNOTSUPP},
		{"unknown fid", frame(wire.Tclunk, 7, uint32(9)), room, syscall.EBADF},
		{"bytes after the message", append(frame(wire.Tclunk, 7, uint32(9)), 1, 2, 3), room, syscall.EBADF},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDriver(t, &Server{}, vhosttest.Options{MaxRequest: maxMsize + 1})
			d.attach()
			d.push(2)
			if test.want == 0 {
				reply, err := d.Call(test.request, test.room)
				require.NoError(t, err)
				assert.Empty(t, reply)
			} else {
				got, body := d.sendFrame(test.request, test.room)
				require.Equal(t, wire.Rlerror, got)
				assert.Equal(t, test.want, syscall.Errno(le.Uint32(body)))
			}
			d.pop(2)
		})
	}
}

func TestGuestWithTooLittleRoomLosesNoValue(t *testing.T) {
	d := newDriver(t, &Server{}, vhosttest.Options{})
	d.attach()
	d.push(2)
	request := frame(wire.Tread, 7, uint32(1), uint64(0), uint32(4))
	for room := wire.RlerrorSize; room < wire.RreadHead+4; room++ {
		got, body := d.sendFrame(request, room)
		require.Equal(t, wire.Rlerror, got, "room %d", room)
		assert.Equal(t, syscall.EINVAL, syscall.Errno(le.Uint32(body)))
	}
	got, _ := d.sendFrame(request, wire.RreadHead+4)
	assert.Equal(t, wire.Rread, got)
}

func TestGuestIsNotAnAdministratorAndNamesItsOwnUsers(t *testing.T) {
	srv := &Server{}
	d := newDriver(t, srv, vhosttest.Options{})
	d.attach()
	d.want(wire.Twalk, uint32(0), uint32(2), uint16(1), "ctl")
	d.refused(syscall.EACCES, wire.Tlopen, uint32(2), uint32(1))
	d.want(wire.Tattach, uint32(3), uint32(wire.NoFID), "", "", uint32(1000))
	d.want(wire.Twalk, uint32(3), uint32(4), uint16(1), "full_ex")
	d.want(wire.Tlopen, uint32(4), uint32(2))
	sessions := srv.Kernel.All()
	require.Len(t, sessions, 2, "each user of the guest is a client")
	for _, s := range sessions {
		user := s.Client().User
		assert.False(t, user.Admin || user.Vouched)
		assert.Contains(t, user.Where, fmt.Sprintf("vhost-user uid=%d pid=", syscall.Geteuid()))
	}
}

// TestIdleGuestIsNotCut connects two guests, which wait longer than every time limit and
// are more than Limits.Conns. Time limits apply to messages of the front-end only.
func TestIdleGuestIsNotCut(t *testing.T) {
	const soon = 200 * time.Millisecond
	srv := &Server{Limits: Limits{Conns: 1, HandshakeTimeout: soon, FrameTimeout: soon, WriteTimeout: soon, IdleTimeout: 1}}
	first, second := newDriver(t, srv, vhosttest.Options{}), newDriver(t, srv, vhosttest.Options{})
	<-time.After(2 * soon)
	first.attach()
	second.attach()
	first.push(2)
	second.push(4)
	<-time.After(2 * soon)
	first.pop(2)
	second.pop(4)
}

func TestOneGuestTooManyIsRefusedBeforeItsFirstMessage(t *testing.T) {
	var log locked.Buffer
	srv := &Server{Limits: Limits{Guests: 2}, Log: slog.New(slog.NewTextHandler(&log, nil))}
	first, second := newDriver(t, srv, vhosttest.Options{}), newDriver(t, srv, vhosttest.Options{})
	front, back, err := vhosttest.Pair()
	require.NoError(t, err)
	require.ErrorIs(t, srv.ServeConn(endpoint.VhostConn{UnixConn: back, Tag: "deque"}), syscall.ENFILE)
	_, err = front.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, front.Close())
	assert.Contains(t, log.String(), `msg="too many virtual machines" limit=2`)

	first.attach()
	require.NoError(t, second.Close())
	require.NoError(t, <-second.served)
	second.served <- nil // the cleanup of the test reads it again
	newDriver(t, srv, vhosttest.Options{}).attach()
}

func TestGuestWhoseFrontEndSaysNothingIsCut(t *testing.T) {
	srv := &Server{Limits: Limits{HandshakeTimeout: 200 * time.Millisecond}}
	front, back, err := vhosttest.Pair()
	require.NoError(t, err)
	require.NoError(t, srv.ServeConn(endpoint.VhostConn{UnixConn: back, Tag: "deque"}))
	_, err = front.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, front.Close())
}

func TestShutdownEndsGuests(t *testing.T) {
	srv := &Server{}
	d := newDriver(t, srv, vhosttest.Options{})
	d.attach()
	require.NoError(t, srv.Shutdown(context.Background()))
	_, err := d.Receive()
	assert.ErrorIs(t, err, io.EOF)
	_, back, err := vhosttest.Pair()
	require.NoError(t, err)
	assert.ErrorIs(t, srv.ServeConn(endpoint.VhostConn{UnixConn: back, Tag: "deque"}), ErrServerClosed)
}

func TestListenerServesOneGuestAfterAnother(t *testing.T) {
	srv := &Server{}
	path := filepath.Join(t.TempDir(), "s")
	e, err := endpoint.Vhost(path, "fullex")
	require.NoError(t, err)
	l, err := e.Listen(t.Context())
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	for range 2 { // the second guest connects after the first has disconnected
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		f, err := vhosttest.New(conn.(*net.UnixConn), vhosttest.Options{})
		require.NoError(t, err)
		require.NoError(t, f.Connect())
		d := &driver{t: t, Front: f}
		d.attach()
		require.NoError(t, d.Close())
	}
	_, err = e.Dial(t.Context())
	assert.ErrorContains(t, err, "virtio-9p")
	require.NoError(t, srv.Close())
	assert.ErrorIs(t, <-served, ErrServerClosed)
}

// FuzzGuestRequest sends any request with any room for its reply. The guest must get one
// whole reply or an empty answer. Afterwards it must be able to begin a session.
func FuzzGuestRequest(f *testing.F) {
	f.Add(frame(wire.Tread, 7, uint32(1), uint64(0), uint32(4)), 11)
	f.Add(frame(wire.Tgetattr, 7, uint32(0), uint64(0x7ff)), 4096)
	f.Add(frame(wire.Treaddir, 7, uint32(0), uint64(0), uint32(4096)), 100)
	f.Add(frame(wire.Tversion, 7, uint32(4096), wire.Version9P2000L), 20)
	f.Add([]byte{7, 0, 0, 0, 1}, 4096)
	d := newDriver(f, &Server{}, vhosttest.Options{MaxRequest: maxMsize, MaxRoom: maxMsize})
	f.Fuzz(func(t *testing.T, request []byte, room int) {
		d.t = t
		d.attach()
		// At least one byte of room, as a chain cannot have no buffers.
		reply, err := d.Call(request[:min(len(request), maxMsize)], min(max(1, room), maxMsize))
		require.NoError(t, err)
		if len(reply) > 0 && (len(reply) < wire.HeadSize || le.Uint32(reply) != uint32(len(reply)) || le.Uint16(reply[5:]) != le.Uint16(request[5:])) {
			t.Fatalf("the reply to % x is % x", request, reply)
		}
		d.attach()
	})
}

// BenchmarkGuest lets the driver of a virtual machine read. For comparison, a client on a
// unix socket reads with as many requests in flight.
func BenchmarkGuest(b *testing.B) {
	request := frame(wire.Tread, 1, uint32(1), uint64(0), uint32(4)) // from an empty deque, which costs the same
	for _, depth := range []int{1, 64} {
		b.Run(fmt.Sprintf("virtio/%d", depth), func(b *testing.B) {
			d := newDriver(b, &Server{}, vhosttest.Options{})
			d.attach()
			b.ResetTimer()
			require.NoError(b, d.Pipeline(depth, b.N, request, 128, func([]byte) error { return nil }))
		})
		b.Run(fmt.Sprintf("unix/%d", depth), func(b *testing.B) { benchmarkUnix(b, depth, request) })
	}
}

// benchmarkUnix keeps depth requests in flight on a unix socket.
func benchmarkUnix(b *testing.B, depth int, request []byte) {
	srv := &Server{}
	l, err := net.Listen("unix", filepath.Join(b.TempDir(), "s"))
	require.NoError(b, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	conn, err := net.Dial("unix", l.Addr().String())
	require.NoError(b, err)
	in := make([]byte, maxMsize)
	for _, r := range [][]byte{
		frame(wire.Tversion, wire.NoTag, uint32(maxMsize), wire.Version9P2000L),
		frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", uint32(wire.NoFID)),
		frame(wire.Twalk, 1, uint32(0), uint32(1), uint16(1), "full_ex"),
		frame(wire.Tlopen, 1, uint32(1), uint32(2)),
		frame(wire.Twrite, 1, uint32(1), uint64(0), uint32(1), []byte{9}),
	} {
		_, err := conn.Write(r)
		require.NoError(b, err)
		_, err = conn.Read(in)
		require.NoError(b, err)
		require.NotEqual(b, byte(wire.Rlerror), in[4])
	}
	var batch []byte
	for range depth {
		batch = append(batch, request...)
	}
	b.ResetTimer()
	for sent, got, bytes := 0, 0, 0; got < b.N; {
		if n := min(b.N-sent, depth-(sent-got)); n > 0 {
			_, err := conn.Write(batch[:n*len(request)])
			require.NoError(b, err)
			sent += n
		}
		n, err := conn.Read(in)
		require.NoError(b, err)
		bytes += n
		got = bytes / wire.RlerrorSize
	}
	b.StopTimer()
	require.NoError(b, conn.Close())
	require.NoError(b, srv.Close())
	assert.ErrorIs(b, <-served, ErrServerClosed)
}
