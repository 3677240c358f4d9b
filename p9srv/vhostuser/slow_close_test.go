//go:build linux

package vhostuser

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint/rights/rightstest"
	"fullex/p9srv/vhostuser/vhosttest"
)

// TestSlowDescriptorsDelayNobody sends descriptors that take long to close. A front-end can
// choose how long.
func TestSlowDescriptorsDelayNobody(t *testing.T) {
	header := func(r request, flags, size uint32) []byte { return vhosttest.U32(uint32(r), flags, size) }
	send := func(t *testing.T, c *net.UnixConn, p []byte) { require.NoError(t, rightstest.NewSlow(t).Send(c, p)) }
	write := func(t *testing.T, c *net.UnixConn, p []byte) {
		_, err := c.Write(p)
		require.NoError(t, err)
	}
	kick := append(header(setVringKick, vhosttest.Version, 8), vhosttest.U64(0)...)
	backend := header(setBackendReqFD, vhosttest.Version, 0)
	for name, with := range map[string]func(*testing.T, *net.UnixConn){
		"a query":        func(t *testing.T, c *net.UnixConn) { send(t, c, header(getQueueNum, vhosttest.Version, 0)) },
		"a kick":         func(t *testing.T, c *net.UnixConn) { send(t, c, kick) },
		"a back-end":     func(t *testing.T, c *net.UnixConn) { send(t, c, backend) },
		"a header's end": func(t *testing.T, c *net.UnixConn) { write(t, c, kick[:4]); send(t, c, kick[4:]) },
		"a payload":      func(t *testing.T, c *net.UnixConn) { write(t, c, kick[:headerSize]); send(t, c, kick[headerSize:]) },
		"no message":     func(t *testing.T, c *net.UnixConn) { send(t, c, header(0, 0, 0)) },
		"half a message": func(t *testing.T, c *net.UnixConn) { send(t, c, kick[:10]) },
	} {
		t.Run(name, func(t *testing.T) {
			front, back, err := vhosttest.Pair()
			require.NoError(t, err)
			defer func() { _ = front.Close() }()
			c, err := (&Device{Features: 1}).NewConn(back)
			require.NoError(t, err)
			with(t, front)
			if name != "no message" && name != "half a message" {
				write(t, front, header(getFeatures, vhosttest.Version, 0))
				require.NoError(t, front.SetReadDeadline(time.Now().Add(vhosttest.Patience)))
				_, err = front.Read(make([]byte, 100))
				require.NoError(t, err, "the connection goes on")
			}
			_ = rightstest.NewSlow(t).Send(front, kick) // may stay in the socket's queue
			ended := make(chan error, 1)
			go func() { ended <- c.Close() }()
			select {
			case err := <-ended:
				assert.NoError(t, err)
			case <-time.After(vhosttest.Patience):
				t.Fatal("Close waits for a slow descriptor")
			}
		})
	}
}
