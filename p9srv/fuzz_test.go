package p9srv

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzProcess feeds a connection any bytes. Whatever they are, each whole
// frame gets one well-formed reply with its tag, in order, and it does not
// matter how the bytes are cut.
func FuzzProcess(f *testing.F) {
	for _, seed := range processSeeds() {
		f.Add(seed, byte(0))
		f.Add(seed, byte(13))
	}
	f.Fuzz(func(t *testing.T, in []byte, piece byte) {
		whole, used := processAll(t, in, len(in), outSize)
		checkReplies(t, in[:used], whole)
		slow, _ := processAll(t, in, len(in), 0) // no room for the short cut
		require.True(t, bytes.Equal(whole, slow), "with and without the short cut")
		if piece > 0 {
			cut, _ := processAll(t, in, int(piece), outSize)
			require.True(t, bytes.Equal(whole, cut), "cut into %d bytes", piece)
		}
	})
}

// processSeeds are conversations that reach every message.
func processSeeds() [][]byte {
	start := bytes.Join([][]byte{
		frame(tversion, noTag, uint32(8192), version9P2000L),
		frame(tattach, 1, uint32(0), uint32(noFID), "", "", uint32(7)),
		frame(twalk, 2, uint32(0), uint32(1), uint16(1), "full_ex"),
		frame(tlopen, 3, uint32(1), uint32(2)),
		frame(twrite, 4, uint32(1), uint64(0), uint32(1), []byte{3}),
		frame(twrite, 5, uint32(1), uint64(0), uint32(4), []byte{1, 0, 0, 0}),
		frame(tread, 6, uint32(1), uint64(0), uint32(4096)),
	}, nil)
	seeds := [][]byte{nil, start, {0, 0, 0, 0}, {255, 255, 255, 255, 100}}
	for typ, layout := range layouts {
		if typ&1 == 0 {
			seeds = append(seeds, append(bytes.Clone(start), sample(typ, layout)...))
		}
	}
	return seeds
}

// sample is a message of a type with plausible fields.
func sample(typ msgType, l layout) []byte {
	var fields []any
	for _, field := range l.fields {
		switch field.kind {
		case asU8:
			fields = append(fields, uint8(1))
		case asU16:
			fields = append(fields, uint16(1))
		case asU32:
			fields = append(fields, uint32(1))
		case asU64:
			fields = append(fields, uint64(v9fsMask))
		case asString:
			fields = append(fields, "name")
		case asNames:
			fields = append(fields, uint16(2), "pid", "7")
		case asData:
			fields = append(fields, uint32(4), []byte{2, 0, 0, 0})
		}
	}
	return frame(typ, 9, fields...)
}

// processAll feeds in by pieces to a new connection and returns all replies
// and how many bytes were taken as frames. Replies go to a buffer with room.
func processAll(t *testing.T, in []byte, piece, room int) (replies []byte, used int) {
	k := newTalk(t, &Server{})
	defer k.endSession()
	for arrived := min(piece, len(in)); ; arrived = min(arrived+piece, len(in)) {
		for {
			n, out, err := k.process(in[used:arrived], make([]byte, 0, room))
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

// checkReplies walks over requests and replies at the same time.
func checkReplies(t *testing.T, requests, replies []byte) {
	t.Helper()
	for len(requests) > 0 {
		request := parseHead(cutFrame(t, &requests))
		reply := parseHead(cutFrame(t, &replies))
		require.Equal(t, request.tag, reply.tag)
		if reply.typ != rlerror {
			require.Equal(t, request.typ+1, reply.typ)
		}
		require.True(t, layouts[reply.typ].fits(reply.body), "reply %d: %x", reply.typ, reply.body)
	}
	require.Empty(t, replies, "one reply a request")
}

func cutFrame(t *testing.T, b *[]byte) []byte {
	t.Helper()
	require.GreaterOrEqual(t, len(*b), headerSize)
	size := le.Uint32(*b)
	require.LessOrEqual(t, int(size), len(*b))
	whole := (*b)[:size]
	*b = (*b)[size:]
	return whole
}
