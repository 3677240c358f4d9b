package p9srv

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/p9srv/wire"
)

// FuzzProcess sends any bytes to a connection. Each whole frame must get one well-formed
// reply with its tag, in order. The replies must not depend on how the bytes are split.
func FuzzProcess(f *testing.F) {
	for _, seed := range processSeeds() {
		f.Add(seed, byte(0))
		f.Add(seed, byte(13))
	}
	f.Fuzz(func(t *testing.T, in []byte, piece byte) {
		whole, used := processAll(t, in, len(in), outSize)
		checkReplies(t, in[:used], whole)
		grown, _ := processAll(t, in, len(in), 0)
		require.True(t, bytes.Equal(whole, grown), "replies with room in out, and without")
		if piece > 0 {
			cut, _ := processAll(t, in, int(piece), outSize)
			require.True(t, bytes.Equal(whole, cut), "pieces of %d bytes", piece)
		}
	})
}

// processSeeds returns conversations that together contain every message.
func processSeeds() [][]byte {
	start := bytes.Join([][]byte{
		frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L),
		frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", uint32(7)),
		frame(wire.Twalk, 2, uint32(0), uint32(1), uint16(1), "full_ex"),
		frame(wire.Tlopen, 3, uint32(1), uint32(2)),
		frame(wire.Twrite, 4, uint32(1), uint64(0), uint32(1), []byte{3}),
		frame(wire.Twrite, 5, uint32(1), uint64(0), uint32(4), []byte{1, 0, 0, 0}),
		frame(wire.Tread, 6, uint32(1), uint64(0), uint32(4096)),
	}, nil)
	seeds := [][]byte{nil, start, {0, 0, 0, 0}, {255, 255, 255, 255, 100}}
	for typ := range wire.Type(128) {
		if request := sample(typ); wire.Frame(request).Known() && typ&1 == 0 {
			seeds = append(seeds, append(bytes.Clone(start), request...))
		}
	}
	return seeds
}

// sample returns a message of a type with plausible fields.
func sample(typ wire.Type) []byte {
	fields := map[wire.Type][]any{
		wire.Tlcreate:     {uint32(1), "name", uint32(1), uint32(1), uint32(1)},
		wire.Tsymlink:     {uint32(1), "name", "name", uint32(1)},
		wire.Tmknod:       {uint32(1), "name", uint32(1), uint32(1), uint32(1), uint32(1)},
		wire.Trename:      {uint32(1), uint32(1), "name"},
		wire.Tgetattr:     {uint32(1), uint64(v9fsMask)},
		wire.Tsetattr:     {uint32(1), uint32(1), uint32(1), uint32(1), uint32(1), make([]byte, 40)},
		wire.Txattrwalk:   {uint32(1), uint32(2), "name"},
		wire.Txattrcreate: {uint32(1), "name", uint64(1), uint32(1)},
		wire.Treaddir:     {uint32(0), uint64(0), uint32(4096)},
		wire.Tlock:        {uint32(1), uint8(1), make([]byte, 24), "name"},
		wire.Tgetlock:     {uint32(1), uint8(1), make([]byte, 20), "name"},
		wire.Tlink:        {uint32(1), uint32(1), "name"},
		wire.Tmkdir:       {uint32(1), "name", uint32(1), uint32(1)},
		wire.Trenameat:    {uint32(1), "name", uint32(1), "name"},
		wire.Tunlinkat:    {uint32(1), "name", uint32(1)},
		wire.Tversion:     {uint32(8192), wire.Version9P2000L},
		wire.Tauth:        {uint32(1), "name", "name", uint32(1)},
		wire.Tattach:      {uint32(9), uint32(wire.NoFID), "name", "", uint32(1)},
		wire.Tflush:       {uint16(1)},
		wire.Twalk:        {uint32(0), uint32(9), uint16(2), "pid", "7"},
		wire.Tlopen:       {uint32(1), uint32(1)},
		wire.Tread:        {uint32(1), uint64(1), uint32(1)},
		wire.Twrite:       {uint32(1), uint64(1), uint32(4), []byte{2, 0, 0, 0}},
	}[typ]
	if fields == nil {
		fields = []any{uint32(1)}
	}
	return frame(typ, 9, fields...)
}

// processAll sends in to a new connection, in pieces. It returns all replies and how many
// bytes were used. Each call of Process gets a buffer for replies with a capacity of room.
func processAll(t *testing.T, in []byte, piece, room int) (replies []byte, used int) {
	k := newTalk(t, &Server{})
	defer k.endSession()
	for arrived := min(piece, len(in)); ; arrived = min(arrived+piece, len(in)) {
		for {
			n, out, err := k.Process(in[used:arrived], make([]byte, 0, room))
			replies, used = append(replies, out...), used+n
			if err != nil {
				return replies, used
			}
			if n == 0 {
				break
			}
		}
		if arrived == len(in) {
			return replies, used
		}
	}
}

// checkReplies checks that each request has one well-formed reply, in order.
func checkReplies(t *testing.T, requests, replies []byte) {
	t.Helper()
	for len(requests) > 0 {
		request := wire.Frame(cutFrame(t, &requests))
		reply := wire.Frame(cutFrame(t, &replies))
		require.Equal(t, request.Tag(), reply.Tag())
		if reply.Type() != wire.Rlerror {
			require.Equal(t, request.Type()+1, reply.Type())
		}
		require.True(t, reply.Fits(), "%x", reply)
	}
	require.Empty(t, replies, "one reply for each request")
}

// cutFrame removes the first frame from b and returns it.
func cutFrame(t *testing.T, b *[]byte) []byte {
	t.Helper()
	require.GreaterOrEqual(t, len(*b), wire.HeadSize)
	size := le.Uint32(*b)
	require.LessOrEqual(t, int(size), len(*b))
	whole := (*b)[:size]
	*b = (*b)[size:]
	return whole
}
