package ninep

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/wire"
)

// TestClaimant feeds it messages cut anywhere.
func TestClaimant(t *testing.T) {
	message := func(typ wire.Type, body string) []byte {
		m := binary.LittleEndian.AppendUint32(nil, uint32(wire.HeadSize+len(body)))
		return append(append(m, byte(typ), 1, 0), body...)
	}
	const fids = "\x01\x00\x00\x00\xff\xff\xff\xff"
	in := append(message(110, "a walk\xff\xff\xff\xff"), message(wire.Tattach, fids+"\x00\x00\x03\x00700\xff\xff\xff\xff")...)
	in = append(in, message(wire.Tattach, fids+"\x02\x00me\x03\x00a/b\xff\xff\xff\xff")...)
	in = append(in, message(120, "")...)
	want := append(message(110, "a walk\xff\xff\xff\xff"), message(wire.Tattach, fids+"\x00\x00\x00\x00\xbc\x02\x00\x00")...)
	want = append(want, message(wire.Tattach, fids+"\x02\x00me\x03\x00a/b\xff\xff\xff\xff")...)
	want = append(want, message(120, "")...)
	for cut := 1; cut <= len(in); cut++ {
		here, there := net.Pipe()
		got := make(chan []byte, 1)
		go func() {
			p, _ := io.ReadAll(there)
			got <- p
		}()
		c := newClaimant(here)
		for rest := in; len(rest) > 0; {
			n, err := c.Write(rest[:min(cut, len(rest))])
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.NoError(t, here.Close())
		assert.Equal(t, want, <-got, "pieces of %d", cut)
		require.NoError(t, there.Close())
	}
}
