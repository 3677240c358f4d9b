package p9srv_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/device"
	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/p9srv/endpoint"
	"fullex/p9srv/wire"
	"fullex/tests/serving"
)

// dialled returns the root directory of a new client of the server at an address.
func dialled(t *testing.T, at string) *client.File {
	t.Helper()
	e, err := endpoint.Parse(at)
	require.NoError(t, err)
	k, err := client.Dial(t.Context(), e)
	require.NoError(t, err)
	t.Cleanup(func() { _ = k.Close() })
	root, err := k.AttachSelf(t.Context())
	require.NoError(t, err)
	return root
}

// opened opens a file for reading and writing.
func opened(t *testing.T, root *client.File, names ...string) *client.File {
	t.Helper()
	f, err := root.OpenFile(t.Context(), 2, names...)
	require.NoError(t, err)
	return f
}

func push(t *testing.T, f *client.File, values ...int32) {
	t.Helper()
	for _, v := range values {
		_, err := f.WriteAt(t.Context(), binary.LittleEndian.AppendUint32(nil, uint32(v)), 0)
		require.NoError(t, err)
	}
}

func pop(t *testing.T, f *client.File) int32 {
	t.Helper()
	p := make([]byte, 4)
	_, err := f.ReadAt(t.Context(), p, 0)
	require.NoError(t, err)
	return int32(binary.LittleEndian.Uint32(p))
}

// successor returns a server that goes on with the state of a frozen server. It has its own
// descriptors, as in another process. The frozen server stays frozen.
func successor(t *testing.T, frozen *p9srv.Frozen) *p9srv.Server {
	t.Helper()
	saved, err := frozen.Save()
	require.NoError(t, err)
	for i := range saved.Conns {
		fd, err := unix.FcntlInt(uintptr(saved.Conns[i].Descriptor), unix.F_DUPFD_CLOEXEC, 0)
		require.NoError(t, err)
		saved.Conns[i].Descriptor = fd
	}
	require.NoError(t, (&p9srv.Server{Kernel: device.NewKernel(device.Modules()...)}).Check(saved))
	next := &p9srv.Server{Kernel: device.NewKernel(device.Modules()...)}
	require.NoError(t, next.Restore(saved, endpoint.OpenConn))
	t.Cleanup(func() { require.NoError(t, next.Close()) })
	return next
}

// frozen freezes a server.
func frozen(t *testing.T, srv *p9srv.Server) *p9srv.Frozen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	f, err := srv.Freeze(ctx)
	require.NoError(t, err)
	return f
}

func TestSuccessorGoesOnWithEveryConnection(t *testing.T) {
	for _, at := range []string{"unix:" + t.TempDir() + "/s", "tcp:127.0.0.1:0"} {
		t.Run(at[:4], func(t *testing.T) {
			srv := &p9srv.Server{}
			root := dialled(t, serving.At(t, srv, at))
			device := opened(t, root, "full_ex")
			_, err := device.WriteAt(t.Context(), []byte{3}, 0)
			require.NoError(t, err)
			push(t, device, 1, 2, 3)
			other := opened(t, root, "each", "full_ex")
			modules, err := root.OpenFile(t.Context(), 0, "modules")
			require.NoError(t, err)
			before, _, err := device.Attr(t.Context())
			require.NoError(t, err)

			next := successor(t, frozen(t, srv))
			assert.Equal(t, int32(3), pop(t, device))
			after, _, err := device.Attr(t.Context())
			require.NoError(t, err)
			assert.Equal(t, before, after)
			_, err = root.OpenFile(t.Context(), 2, "full_ex")
			require.ErrorIs(t, err, syscall.EACCES, "the client has the device open")
			_, err = other.WriteAt(t.Context(), []byte{101}, 0)
			require.ErrorIs(t, err, syscall.EINVAL, "it has no capacity yet")
			p := make([]byte, 1000)
			n, err := modules.ReadAt(t.Context(), p, 0)
			require.NoError(t, err)
			assert.Contains(t, string(p[:n]), "full_ex                   12  2\n", "the listing of the open")
			assert.Equal(t, 2, next.Kernel.Sessions())
			require.NoError(t, device.Close(t.Context()))
			assert.Equal(t, 1, next.Kernel.Sessions())
			opened(t, root, "full_ex")
		})
	}
}

// TestSuccessorTakesOverBytesInTransit freezes a server that has read a part of a request. It
// also freezes one whose peer does not read, so that requests and replies are left.
func TestSuccessorTakesOverBytesInTransit(t *testing.T) {
	for name, requests := range map[string]int{"a part of a request": 0, "unread replies": 20_000} {
		t.Run(name, func(t *testing.T) {
			srv := &p9srv.Server{}
			c, err := net.Dial("unix", strings.TrimPrefix(serving.Socket(t, srv), "unix:"))
			require.NoError(t, err)
			defer c.Close()
			talk := newTalk(t, c)
			talk.open()
			var out []byte
			for i := range requests {
				out = wire.AppendGetattr(out, uint16(i%60_000), 1, 0)
			}
			last := wire.AppendGetattr(nil, 7, 1, 0)
			out = append(out, last[:9]...)
			written := make(chan error, 1)
			go func() {
				_, err := c.Write(out)
				written <- err
			}()
			if requests == 0 {
				require.NoError(t, <-written)
			} else {
				talk.awaitFull()
			}
			successor(t, frozen(t, srv))
			for i := range requests {
				require.Equal(t, uint16(i%60_000), talk.next().Tag())
			}
			if requests > 0 {
				require.NoError(t, <-written)
			}
			_, err = c.Write(last[9:])
			require.NoError(t, err)
			m := talk.next()
			assert.Equal(t, uint16(7), m.Tag())
			assert.Equal(t, wire.Rgetattr, m.Type())
		})
	}
}

func TestThawedServerGoesOnAsIfNothingHadHappened(t *testing.T) {
	srv := &p9srv.Server{}
	at := serving.Socket(t, srv)
	var clients sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for range 8 {
		device := opened(t, dialled(t, at), "each", "full_ex")
		_, err := device.WriteAt(t.Context(), []byte{100}, 0)
		require.NoError(t, err)
		clients.Go(func() {
			for v := int32(1); ctx.Err() == nil; v++ {
				push(t, device, v)
				if !assert.Equal(t, v, pop(t, device)) {
					return
				}
			}
		})
	}
	for range 50 {
		f := frozen(t, srv)
		_, err := srv.Freeze(t.Context())
		require.ErrorContains(t, err, "it is frozen")
		_, err = f.Save()
		require.NoError(t, err)
		require.NoError(t, f.Thaw())
	}
	stop()
	clients.Wait()
	opened(t, dialled(t, at), "full_ex")
}

func TestFrozenServerCanBeEnded(t *testing.T) {
	for name, end := range map[string]func(*p9srv.Server) error{
		"shut down": func(s *p9srv.Server) error { return s.Shutdown(context.Background()) },
		"closed":    (*p9srv.Server).Close,
	} {
		t.Run(name, func(t *testing.T) {
			srv := &p9srv.Server{}
			opened(t, dialled(t, serving.Socket(t, srv)), "full_ex")
			f := frozen(t, srv)
			require.NoError(t, end(srv))
			require.NoError(t, f.Thaw())
			assert.Zero(t, srv.Kernel.Sessions())
			_, err := srv.Freeze(t.Context())
			require.Error(t, err)
		})
	}
}

func TestServersThatCannotBeFrozenGoOn(t *testing.T) {
	pipe := func(t *testing.T, srv *p9srv.Server) {
		ours, theirs := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- srv.ServeConn(theirs) }()
		t.Cleanup(func() { _ = ours.Close(); <-done })
		k, err := client.New(t.Context(), ours)
		require.NoError(t, err)
		_, err = k.AttachSelf(t.Context())
		require.NoError(t, err)
	}
	for name, c := range map[string]struct {
		prepare func(*testing.T, *p9srv.Server)
		want    string
	}{
		"a connection in memory": {func(t *testing.T, srv *p9srv.Server) {
			c, err := srv.Connect()
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, c.Close()) })
		}, "connections within the process cannot be carried"},
		"a connection that is not a socket": {pipe, "is not a socket and cannot be carried"},
		"layers": {func(_ *testing.T, srv *p9srv.Server) {
			srv.Layer = func(p p9srv.Processor, _ p9srv.Way) p9srv.Processor { return p }
		}, "layers"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &p9srv.Server{}
			c.prepare(t, srv)
			at := serving.Socket(t, srv)
			device := opened(t, dialled(t, at), "each", "full_ex")
			_, err := srv.Freeze(t.Context())
			require.ErrorContains(t, err, c.want)
			_, err = device.WriteAt(t.Context(), []byte{1}, 0)
			require.NoError(t, err)
			dialled(t, at)
		})
	}
}

// TestSaveRefusesASessionWithoutAConnection opens a device of the kernel itself, as the
// program of a server may do. Save would leave that session behind.
func TestSaveRefusesASessionWithoutAConnection(t *testing.T) {
	srv := &p9srv.Server{}
	opened(t, dialled(t, serving.Socket(t, srv)), "full_ex")
	_, err := srv.Kernel.Open("full_ex", device.Client{User: &device.User{}})
	require.NoError(t, err)
	f := frozen(t, srv)
	_, err = f.Save()
	require.ErrorContains(t, err, "1 of 2 do not belong to a connection of the server")
	require.NoError(t, f.Thaw())
}

func TestInvalidStatesAreRefused(t *testing.T) {
	srv := &p9srv.Server{}
	root := dialled(t, serving.Socket(t, srv))
	opened(t, root, "full_ex")
	opened(t, root, "each", "full_ex")
	f := frozen(t, srv)
	good, err := f.Save()
	require.NoError(t, err)
	require.NoError(t, f.Thaw())
	fid := func(s *p9srv.Saved) *p9srv.SavedFID { return &s.Conns[0].FIDs[1] }
	for name, change := range map[string]func(*p9srv.Saved){
		"two connections with one number":      func(s *p9srv.Saved) { s.Conns = append(s.Conns, s.Conns[0]) },
		"a connection with a number above all": func(s *p9srv.Saved) { s.Accepted = 0 },
		"an msize that is too large":           func(s *p9srv.Saved) { s.Conns[0].Msize = 1 << 20 },
		"an msize that is too small":           func(s *p9srv.Saved) { s.Conns[0].Msize = 100 },
		"fids without a version":               func(s *p9srv.Saved) { s.Conns[0].Msize = 0 },
		"more bytes than the largest frame":    func(s *p9srv.Saved) { s.Conns[0].In = make([]byte, 1<<17) },
		"a fid twice":                          func(s *p9srv.Saved) { fid(s).Number = s.Conns[0].FIDs[0].Number },
		"the fid NOFID":                        func(s *p9srv.Saved) { fid(s).Number = wire.NoFID },
		"an unknown user":                      func(s *p9srv.Saved) { fid(s).User = 7 },
		"an unknown path":                      func(s *p9srv.Saved) { fid(s).File.Path = 1 << 63 },
		"a session of a closed file":           func(s *p9srv.Saved) { fid(s).File.Opened = false },
		"an open device without a session":     func(s *p9srv.Saved) { fid(s).File.Session = nil },
		"a missing extent":                     func(s *p9srv.Saved) { fid(s).Extent = true },
		"too many pending reads":               func(s *p9srv.Saved) { fid(s).Pending = make([]p9srv.SavedRead, 17) },
		"an unknown module":                    func(s *p9srv.Saved) { s.Kernel.Loaded = append(s.Kernel.Loaded, "none") },
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			bad.Conns = append([]p9srv.SavedConn(nil), good.Conns...)
			bad.Conns[0].FIDs = append([]p9srv.SavedFID(nil), good.Conns[0].FIDs...)
			change(&bad)
			require.Error(t, (&p9srv.Server{Kernel: device.NewKernel(device.Modules()...)}).Check(bad))
		})
	}
	require.NoError(t, (&p9srv.Server{Kernel: device.NewKernel(device.Modules()...)}).Check(good))
}

// talk is a connection on which the test sends and receives single messages.
type talk struct {
	t *testing.T
	c net.Conn
}

func newTalk(t *testing.T, c net.Conn) talk { return talk{t, c} }

// open agrees on a version and attaches fid 1.
func (k talk) open() {
	k.t.Helper()
	k.send(wire.AppendVersion(nil, wire.Tversion, wire.NoTag, 8192, wire.Version9P2000L))
	k.next()
	k.send(wire.AppendAttach(nil, 1, 1, "", wire.NoUID))
	require.Equal(k.t, wire.Rattach, k.next().Type())
}

func (k talk) send(m []byte) {
	k.t.Helper()
	_, err := k.c.Write(m)
	require.NoError(k.t, err)
}

// next returns the next reply.
func (k talk) next() wire.Frame {
	k.t.Helper()
	require.NoError(k.t, k.c.SetReadDeadline(time.Now().Add(10*time.Second)))
	head := make([]byte, 4)
	_, err := io.ReadFull(k.c, head)
	require.NoError(k.t, err)
	m := append(head, make([]byte, wire.Size(head)-4)...)
	_, err = io.ReadFull(k.c, m[4:])
	require.NoError(k.t, err)
	return wire.Frame(m)
}

// awaitFull waits until the number of bytes in the socket's queue stays the same. Then the
// server cannot write more replies.
func (k talk) awaitFull() {
	k.t.Helper()
	last := -1
	require.Eventually(k.t, func() bool {
		raw, err := k.c.(*net.UnixConn).SyscallConn()
		require.NoError(k.t, err)
		now := 0
		require.NoError(k.t, raw.Control(func(fd uintptr) { now, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }))
		require.NoError(k.t, err)
		same := now > 0 && now == last
		last = now
		return same
	}, 10*time.Second, 50*time.Millisecond)
}
