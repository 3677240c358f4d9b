package ninep

import "encoding/binary"

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
