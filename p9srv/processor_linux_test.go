package p9srv

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/vhostuser/vhosttest"
	"fullex/p9srv/wire"
)

// counting is a layer that counts the bytes of requests.
type counting struct {
	Processor
	bytes *int
}

func (c counting) Process(in, out []byte) (used int, _ []byte, err error) {
	used, out, err = c.Processor.Process(in, out)
	*c.bytes += used
	return used, out, err
}

// TestEachConnectionHasALayer uses each kind of connection. Replies may be reordered only on a
// socket.
func TestEachConnectionHasALayer(t *testing.T) {
	request := versionFrame()
	for name, test := range map[string]struct {
		exchange func(*testing.T, *Server)
		ordered  bool
	}{
		"socket": {func(t *testing.T, srv *Server) {
			c := socketOver(t, srv, "tcp", "127.0.0.1:0")
			_, err := c.Write(request)
			require.NoError(t, err)
			_, err = c.Read(make([]byte, len(request)))
			require.NoError(t, err)
		}, false},
		"memory": {func(t *testing.T, srv *Server) {
			c, err := srv.Connect()
			require.NoError(t, err)
			_, err = c.Exchange(request, nil)
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}, true},
		"guest": {func(t *testing.T, srv *Server) {
			newDriver(t, srv, vhosttest.Options{}).sendFrame(request, room)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var bytes, ends int
			var way Way
			srv := &Server{Layer: func(p Processor, of Way) Processor {
				way = of
				way.AtEnd(func() { ends++ })
				return counting{p, &bytes}
			}}
			test.exchange(t, srv)
			require.NoError(t, srv.Close())
			assert.Equal(t, len(request), bytes)
			assert.Equal(t, 1, ends)
			assert.NotNil(t, way.Log)
			assert.Equal(t, test.ordered, way.More == nil)
			<-way.Stopping
		})
	}
}

// TestResetOfAGuestIsAnEnd also for layers that registered several functions.
func TestResetOfAGuestIsAnEnd(t *testing.T) {
	var ends []string
	srv := &Server{Layer: func(p Processor, way Way) Processor {
		way.AtEnd(func() { ends = append(ends, "inner") })
		way.AtEnd(func() { ends = append(ends, "outer") })
		return p
	}}
	d := newDriver(t, srv, vhosttest.Options{})
	d.attach()
	require.NoError(t, d.Reset())
	d.attach()
	require.NoError(t, d.Close())
	require.NoError(t, srv.Close())
	assert.Equal(t, []string{"inner", "outer", "inner", "outer"}, ends)
}

// refusing is a layer that returns an error instead of replies.
type refusing struct{ err error }

func (r refusing) Process(_, out []byte) (int, []byte, error) { return 0, out, r.err }

func TestErrorOfALayerEndsTheConnection(t *testing.T) {
	errRefused := errors.New("refused")
	srv := &Server{Layer: func(Processor, Way) Processor { return refusing{errRefused} }}
	memory, err := srv.Connect()
	require.NoError(t, err)
	_, err = memory.Write(versionFrame())
	assert.ErrorIs(t, err, errRefused)
	c := socketOver(t, srv, "tcp", "127.0.0.1:0")
	_, err = c.Write(versionFrame())
	require.NoError(t, err)
	n, err := c.Read(make([]byte, wire.HeadSize))
	assert.Zero(t, n)
	assert.Error(t, err)
}
