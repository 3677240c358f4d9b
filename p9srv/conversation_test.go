package p9srv

import (
	"bytes"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzConversation lets two clients talk to one server, in messages that are
// mostly right and sometimes damaged. Every reply must be the reference's, so
// that no client ever sees another's data; in the end the front's fids, the
// library's and the reference's are the same, and no session is left.
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
			pairs[i].exchange(frame(tversion, noTag, uint32(8192), version9P2000L))
			pairs[i].exchange(frame(tattach, 1, uint32(0), uint32(noFID), "", "", uint32(1)))
			if name == "b" { // a mount
				pairs[i].exchange(frame(tgetattr, 1, uint32(0), uint64(v9fsMask)))
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

// pair is a connection to the server and to the reference.
type pair struct {
	*talk
	ref *refConn
}

// exchange has both answer a message and compares.
func (p pair) exchange(request []byte) {
	p.t.Helper()
	m := parseHead(request)
	used, out, err := p.process(bytes.Clone(request), make([]byte, 0, outSize))
	require.NoError(p.t, err)
	require.Equal(p.t, len(request), used)
	checkReplies(p.t, request, out)
	got, want := parseHead(out), p.ref.answer(m)
	line := traceLine(request)
	switch {
	case bytes.Equal(want.body, unknownBody):
	case want.errno != 0:
		require.Equal(p.t, rlerror, got.typ, line)
		require.Equal(p.t, want.errno, syscall.Errno(le.Uint32(got.body)), line)
	default:
		require.Equal(p.t, m.typ+1, got.typ, "%s: %s", line, traceLine(out))
		if want.body != nil {
			require.Equal(p.t, want.body, got.body, line)
		}
	}
}

// compareFIDs asks the front's table and the library for every fid that the
// generator uses.
func (p pair) compareFIDs() {
	p.t.Helper()
	require.Equal(p.t, len(p.ref.fids), p.fids.n)
	for fid := range uint32(generatedFIDs) {
		if p.library == nil {
			break
		}
		known := p.ref.fids[fid] != nil
		require.Equal(p.t, known, p.fids.get(fid) != nil, "front: fid %d", fid)
		out, err := p.library.call(frame(tgetattr, 1, fid, uint64(0)), nil)
		require.NoError(p.t, err)
		require.Equal(p.t, known, succeeded(out, tgetattr), "library: fid %d", fid)
		if known {
			require.Equal(p.t, p.ref.fids[fid].path, pathOf(p.fids.get(fid).node))
			require.Equal(p.t, p.fids.get(fid).node.path(), le.Uint64(out[headerSize+8+5:]), "qid.path of fid %d", fid)
		}
	}
}

// pathOf is the node's path, with "" for the root.
func pathOf(n node) string {
	if n == root {
		return ""
	}
	return n.String()
}
