package load_test

import (
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/device/faults"
	"fullex/p9srv"
	"fullex/p9srv/client/load"
	"fullex/p9srv/wire"
)

// spoiled is a connection that changes replies when armed. Only one request may be under way
// at a time, so that each read returns one reply.
type spoiled struct {
	net.Conn
	armed atomic.Bool
	spoil func(wire.Frame) wire.Frame
}

func (c *spoiled) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.armed.Load() {
		n = copy(p, c.spoil(slices.Clone(p[:n])))
	}
	return n, err
}

func TestWrongRepliesAreFound(t *testing.T) {
	only := func(typ wire.Type, spoil func(wire.Frame) wire.Frame) func(wire.Frame) wire.Frame {
		return func(m wire.Frame) wire.Frame {
			if m.Type() != typ {
				return m
			}
			return spoil(m)
		}
	}
	put := func(at int, b byte) func(wire.Frame) wire.Frame {
		return func(m wire.Frame) wire.Frame { m[at] = b; return m }
	}
	for name, test := range map[string]struct {
		spoil func(wire.Frame) wire.Frame
		mix   load.Mix
		want  string
	}{
		"refused push":          {only(wire.Rwrite, func(m wire.Frame) wire.Frame { return wire.AppendError(nil, m.Tag(), 13) }), load.Mix{}, "write: permission denied, although the deque has room"},
		"refused pop":           {only(wire.Rread, func(m wire.Frame) wire.Frame { return wire.AppendError(nil, m.Tag(), 13) }), load.Mix{}, "read: permission denied, although the deque has values"},
		"another errno":         {only(wire.Rread, func(m wire.Frame) wire.Frame { return wire.AppendError(nil, m.Tag(), 29) }), load.Mix{}, "read: illegal seek"},
		"push to a full deque":  {only(wire.Rlerror, func(m wire.Frame) wire.Frame { return frame(wire.Rwrite, m.Tag(), 4, 0, 0, 0) }), load.Mix{1, 0, 0}, "write: not refused, although the deque is full"},
		"pop of an empty deque": {only(wire.Rlerror, func(m wire.Frame) wire.Frame { return frame(wire.Rread, m.Tag(), 4, 0, 0, 0, 1, 0, 0, 0) }), load.Mix{0, 1, 0}, "read: not refused, although the deque is empty"},
		"another value":         {only(wire.Rread, put(wire.RreadHead, 99)), load.Mix{}, "read: 99 came instead of "},
		"fewer bytes taken":     {only(wire.Rwrite, put(wire.HeadSize, 3)), load.Mix{}, "write: 3 bytes instead of 4"},
		"no value":              {only(wire.Rread, func(m wire.Frame) wire.Frame { return frame(wire.Rread, m.Tag(), 0, 0, 0, 0) }), load.Mix{}, "read: 0 bytes instead of 4"},
		"reply of another type": {only(wire.Rwrite, put(4, byte(wire.Rclunk))), load.Mix{}, "write: a reply does not fit its request: Rclunk to Twrite"},
		"reply that is cut":     {only(wire.Rread, func(m wire.Frame) wire.Frame { return frame(wire.Rread, m.Tag(), 4, 0, 0, 0, 1) }), load.Mix{}, "read: a reply does not fit its request: Rread to Tread"},
		"tag without a request": {put(5, 9), load.Mix{}, "a reply to no request, with tag 9"},
		"no size":               {put(0, 0), load.Mix{}, "a reply of 0 bytes"},
		"size above the limit":  {put(2, 1), load.Mix{}, "a reply of "},
		"fewer names walked":    {only(wire.Rwalk, func(m wire.Frame) wire.Frame { return frame(wire.Rwalk, m.Tag(), 0, 0) }), load.Mix{0, 0, 1}, "open: no such file or directory"},
		"clunk refused":         {only(wire.Rclunk, func(m wire.Frame) wire.Frame { return wire.AppendError(nil, m.Tag(), 13) }), load.Mix{0, 0, 1}, "open: permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &spoiled{Conn: serve(t, &p9srv.Server{}), spoil: test.spoil}
			c := opened(t, conn, as(1, 1, load.Half, test.mix, nil))
			conn.armed.Store(true)
			r, err := load.Run(t.Context(), []load.Worker{c}, load.Options{Length: time.Minute})
			assert.ErrorContains(t, err, test.want)
			assert.Less(t, r.Elapsed, time.Minute)
			assert.NotContains(t, err.Error(), "\n")
			require.NoError(t, c.Close(), "Close sends no more requests")
		})
	}
}

// frame returns a message.
func frame(typ wire.Type, tag uint16, body ...byte) wire.Frame {
	return wire.End(append(wire.Begin(nil, typ, tag), body...), 0)
}

// TestFaultyDevicesAreFound loads devices with a wrong order, capacity or errno.
func TestFaultyDevicesAreFound(t *testing.T) {
	for _, fault := range []string{"odd-right", "capacity-plus-one", "capacity-minus-one", "error=0.01:1", "einval-for-eacces"} {
		planted, err := faults.Parse(faults.OfDevice(), fault)
		require.NoError(t, err)
		module, err := faults.Module(new(device.FullEx), planted)
		require.NoError(t, err)
		kernel := device.NewKernel(module)
		require.NoError(t, kernel.Load("full_ex"))
		c, err := open(t, serve(t, &p9srv.Server{Kernel: kernel}), as(8, 1, 0, load.Mix{1, 1, 0}, nil))
		require.NoError(t, err)
		_, err = load.Run(t.Context(), []load.Worker{c}, load.Options{Length: 10 * time.Second})
		assert.Error(t, err, fault)
		require.NoError(t, c.Close())
	}
}

func TestFixedRepliesAreChecked(t *testing.T) {
	for want, reply := range map[string]wire.Frame{
		"write: not the fixed reply: 0b 00 00 00 77 00 00 04 00 00 00":             frame(wire.Rwrite, 0, 4, 0, 0, 0),
		"write: not the fixed reply: 0f 00 00 00 75 00 00 04 00 00 00 01 00 00 00": frame(wire.Rread, 0, 4, 0, 0, 0, 1, 0, 0, 0),
	} {
		here, there := net.Pipe()
		go func() {
			_, _ = there.Read(make([]byte, 100))
			_, _ = there.Write(reply)
		}()
		c := load.NewFixed(here, as(1, 1, load.Half, load.Mix{}, nil))
		_, err := load.Run(t.Context(), []load.Worker{c}, load.Options{Length: time.Minute})
		assert.EqualError(t, err, want)
		require.NoError(t, c.Close())
		require.NoError(t, there.Close())
	}
}
