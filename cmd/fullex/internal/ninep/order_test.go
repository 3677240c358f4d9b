package ninep

import (
	"math"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/faults"
	"fullex/p9srv"
	"fullex/p9srv/faulty"
)

func TestOrderOfReplies(t *testing.T) {
	reorder, err := faulty.Layer(faults.Planted{Fault: faults.Fault{Name: "reorder"}})
	require.NoError(t, err)
	for _, test := range []struct {
		srv  *p9srv.Server
		want []int
	}{
		{&p9srv.Server{}, []int{0, 1, 2, 3}},
		{&p9srv.Server{Layer: reorder}, []int{3, 2, 1, 0}},
	} {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		require.NoError(t, err)
		served := make(chan error, 1)
		go func() { served <- test.srv.Serve(l) }()
		conn, err := net.Dial("unix", l.Addr().String())
		require.NoError(t, err)
		order, err := Order(conn, math.MaxUint32, []string{"each", "full_ex"}, 4)
		require.NoError(t, err)
		assert.Equal(t, test.want, order)
		require.NoError(t, conn.Close())
		require.NoError(t, test.srv.Close())
		assert.ErrorIs(t, <-served, p9srv.ErrServerClosed)
	}
}
