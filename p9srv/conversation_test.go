package p9srv

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/p9srv/wire"
)

// FuzzConversation lets two clients talk to one server. Most messages are valid and some are
// damaged. Every reply must equal that of the reference, so no client ever sees data of the
// other. At the end, front and reference must have the same fids, and no session may be left.
func FuzzConversation(f *testing.F) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		seed := make([]byte, 2000)
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 4096 {
			t.Skip("longer ones find no more")
		}
		srv := &Server{}
		ref := &reference{sessions: map[string]*refSession{}}
		var pairs [2]pair
		for i, name := range []string{"a", "b"} {
			k := newTalk(t, srv)
			k.peer.conn = name
			pairs[i] = pair{k, ref.connect(name)}
			pairs[i].exchange(frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L))
			pairs[i].exchange(frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", uint32(1)))
			if name == "b" { // this client is a Linux mount
				pairs[i].exchange(frame(wire.Tgetattr, 1, uint32(0), uint64(v9fsMask)))
			}
		}
		g := &generator{script: script}
		for len(g.script) > 0 {
			p := pairs[g.number(2)]
			g.ref = p.ref
			p.exchange(g.message())
			require.Equal(t, len(ref.sessions), srv.Kernel.Sessions())
		}
		for _, p := range pairs {
			p.compareFIDs()
			p.endSession()
			p.ref.end()
		}
		require.Zero(t, srv.Kernel.Sessions())
		require.Zero(t, srv.fids.Load())
	})
}

// pair is a connection to the server and the same connection to the reference.
type pair struct {
	*talk
	ref *refConn
}

// exchange sends a message to both and compares the replies.
func (p pair) exchange(request []byte) {
	p.t.Helper()
	m := wire.Frame(request)
	used, out, err := p.Process(bytes.Clone(request), make([]byte, 0, outSize))
	require.NoError(p.t, err)
	require.Equal(p.t, len(request), used)
	checkReplies(p.t, request, out)
	got, want := wire.Frame(out), p.ref.answer(m)
	line := wire.Frame(request).Line()
	switch {
	case bytes.Equal(want.body, unknownBody):
	case want.errno != 0:
		require.Equal(p.t, wire.Rlerror, got.Type(), line)
		require.Equal(p.t, want.errno, syscall.Errno(le.Uint32(got.Body())), line)
	default:
		require.Equal(p.t, m.Type()+1, got.Type(), "%s: %s", line, wire.Frame(out).Line())
		if want.body != nil {
			require.Equal(p.t, want.body, []byte(got.Body()), line)
		}
	}
}

// compareFIDs compares every fid that the generator uses.
func (p pair) compareFIDs() {
	p.t.Helper()
	require.Equal(p.t, len(p.ref.fids), p.fids.n)
	for number := range uint32(generatedFIDs) {
		got, want := p.fids.get(number), p.ref.fids[number]
		require.Equal(p.t, want != nil, got != nil, "fid %d", number)
		if got != nil {
			require.Equal(p.t, want.path, strings.TrimSuffix(got.Node().String(), "/"), "fid %d", number)
		}
	}
}
