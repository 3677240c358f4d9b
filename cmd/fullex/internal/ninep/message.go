package ninep

import (
	"encoding/binary"

	"github.com/hugelgupf/p9/linux"

	"fullex/p9srv"
)

// Message types (diod's protocol.md). A reply's is one more, an error's Rlerror.
const (
	rlerror  = 7
	tlopen   = 12
	tgetattr = 24
	tfsync   = 50
	tversion = 100
	tattach  = 104
	twalk    = 110
	tread    = 116
	twrite   = 118
	tclunk   = 120
)

// message is one that is being made; the size is filled in at its end.
type message struct{ b []byte }

func newMessage(typ byte) message { return message{}.begin(typ) }

// begin writes a head without a size, and with tag 0.
func (m message) begin(typ byte) message {
	return message{append(m.b, 0, 0, 0, 0, typ, 0, 0)}
}

func (m message) u16(v uint16) message { return message{binary.LittleEndian.AppendUint16(m.b, v)} }
func (m message) u32(v uint32) message { return message{binary.LittleEndian.AppendUint32(m.b, v)} }
func (m message) u64(v uint64) message { return message{binary.LittleEndian.AppendUint64(m.b, v)} }
func (m message) str(s string) message { return message{append(m.u16(uint16(len(s))).b, s...)} }

// tagged is the message with its size and a tag.
func (m message) tagged(tag uint16) []byte {
	binary.LittleEndian.PutUint32(m.b, uint32(len(m.b)))
	binary.LittleEndian.PutUint16(m.b[5:], tag)
	return m.b
}

// attachMessage makes fid the root, for a user.
func attachMessage(fid, uid uint32) message {
	return newMessage(tattach).u32(fid).u32(noFID).str("").str("").u32(uid)
}

func walkMessage(from, to uint32, path []string) message {
	m := newMessage(twalk).u32(from).u32(to).u16(uint16(len(path)))
	for _, name := range path {
		m = m.str(name)
	}
	return m
}

// refusal returns the errno of an Rlerror, and nil of another reply.
func refusal(reply []byte) error {
	if reply[4] != rlerror || len(reply) < headSize+4 {
		return nil
	}
	return p9srv.LocalErrno(linux.Errno(binary.LittleEndian.Uint32(reply[headSize:])))
}

// fields are what is left of a reply, which must be long enough.
type fields []byte

func (f *fields) take(n int) []byte {
	p := (*f)[:n]
	*f = (*f)[n:]
	return p
}

func (f *fields) u8() uint8   { return f.take(1)[0] }
func (f *fields) u32() uint32 { return binary.LittleEndian.Uint32(f.take(4)) }
func (f *fields) u64() uint64 { return binary.LittleEndian.Uint64(f.take(8)) }
