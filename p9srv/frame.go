package p9srv

import "encoding/binary"

// msgType is the type byte of a 9P2000.L message (diod protocol.md; Linux
// include/net/9p/9p.h). A reply is its request's type plus one.
type msgType uint8

const (
	rlerror      msgType = 7
	tstatfs      msgType = 8
	tlopen       msgType = 12
	tlcreate     msgType = 14
	tsymlink     msgType = 16
	tmknod       msgType = 18
	trename      msgType = 20
	treadlink    msgType = 22
	tgetattr     msgType = 24
	tsetattr     msgType = 26
	txattrwalk   msgType = 30
	txattrcreate msgType = 32
	treaddir     msgType = 40
	tfsync       msgType = 50
	tlock        msgType = 52
	tgetlock     msgType = 54
	tlink        msgType = 70
	tmkdir       msgType = 72
	trenameat    msgType = 74
	tunlinkat    msgType = 76
	tversion     msgType = 100
	tauth        msgType = 102
	tattach      msgType = 104
	tflush       msgType = 108
	twalk        msgType = 110
	tread        msgType = 116
	twrite       msgType = 118
	tclunk       msgType = 120
	tremove      msgType = 122
)

const (
	noFID = 0xffffffff // the reserved fid (NOFID)
	noTag = 0xffff     // the reserved tag (NOTAG), that of Tversion
	noUID = 0xffffffff // n_uname of a client that names no user
)

// le is the byte order of 9P.
var le = binary.LittleEndian

// message is one request, in place: body is part of the caller's buffer and
// nobody keeps it.
type message struct {
	typ  msgType
	tag  uint16
	body []byte
}

// parseHead splits a whole frame, headerSize bytes or more.
func parseHead(frame []byte) message {
	return message{
		typ:  msgType(frame[4]),
		tag:  le.Uint16(frame[5:]),
		body: frame[headerSize:],
	}
}

// cursor reads the fields of a body that its layout has been checked against:
// it does not check again.
type cursor []byte

func (c *cursor) u8() uint8 {
	v := (*c)[0]
	*c = (*c)[1:]
	return v
}

func (c *cursor) u16() uint16 {
	v := le.Uint16(*c)
	*c = (*c)[2:]
	return v
}

func (c *cursor) u32() uint32 {
	v := le.Uint32(*c)
	*c = (*c)[4:]
	return v
}

func (c *cursor) u64() uint64 {
	v := le.Uint64(*c)
	*c = (*c)[8:]
	return v
}

// str returns a string field in place.
func (c *cursor) str() []byte {
	n := c.u16()
	v := (*c)[:n]
	*c = (*c)[n:]
	return v
}

// begin appends the head of a message whose size end fills in.
func begin(out []byte, typ msgType, tag uint16) []byte {
	out = append(out, 0, 0, 0, 0, byte(typ))
	return le.AppendUint16(out, tag)
}

// end fills in the size of the message that begins at out[start].
func end(out []byte, start int) []byte {
	le.PutUint32(out[start:], uint32(len(out)-start))
	return out
}

// appendEmpty appends a reply without body.
func appendEmpty(out []byte, typ msgType, tag uint16) []byte {
	start := len(out)
	return end(begin(out, typ, tag), start)
}

// appendError appends Rlerror with a Linux errno.
func appendError(out []byte, tag uint16, errno uint32) []byte {
	start := len(out)
	out = begin(out, rlerror, tag)
	out = le.AppendUint32(out, errno)
	return end(out, start)
}

// appendString appends a string field of at most 65,535 bytes.
func appendString(out []byte, s string) []byte {
	out = le.AppendUint16(out, uint16(len(s)))
	return append(out, s...)
}
