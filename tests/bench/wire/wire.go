// Package wire is as much of 9P2000.L as a load generator needs: it appends
// requests to a buffer and reads the heads of replies. It is written from the
// protocol (diod protocol.md) and not with the server's code, so that a mistake
// there is not made here, too.
package wire

import "encoding/binary"

// Type is the type byte of a message. A reply is its request's type plus one.
type Type uint8

// The messages that the benchmark sends.
const (
	Rlerror  Type = 7
	Tlopen   Type = 12
	Tversion Type = 100
	Tattach  Type = 104
	Twalk    Type = 110
	Tread    Type = 116
	Rread    Type = 117
	Twrite   Type = 118
	Rwrite   Type = 119
	Tclunk   Type = 120
)

const (
	// HeaderSize is size[4] type[1] tag[2].
	HeaderSize = 7
	// ValueSize is the size of a value of the device.
	ValueSize = 4
	// RreadSize is an Rread with one value.
	RreadSize = HeaderSize + 4 + ValueSize
	// ReadWrite is the flags of a Tlopen for both.
	ReadWrite = 2

	noTag = 0xffff
	noFID = 0xffffffff
)

// LE is the byte order of 9P.
var LE = binary.LittleEndian

// Size returns the size field of the frame at the start of b.
func Size(b []byte) int { return int(LE.Uint32(b)) }

// TypeOf returns the type of a frame.
func TypeOf(frame []byte) Type { return Type(frame[4]) }

// Tag returns the tag of a frame.
func Tag(frame []byte) uint16 { return LE.Uint16(frame[5:]) }

// AppendVersion appends Tversion.
func AppendVersion(b []byte, msize uint32) []byte {
	start := len(b)
	b = begin(b, Tversion, noTag)
	b = LE.AppendUint32(b, msize)
	return end(appendString(b, "9P2000.L"), start)
}

// AppendAttach appends Tattach without authentication.
func AppendAttach(b []byte, tag uint16, fid uint32, aname string, uid uint32) []byte {
	start := len(b)
	b = begin(b, Tattach, tag)
	b = LE.AppendUint32(b, fid)
	b = LE.AppendUint32(b, noFID)
	b = appendString(b, "")
	b = appendString(b, aname)
	return end(LE.AppendUint32(b, uid), start)
}

// AppendWalk appends Twalk.
func AppendWalk(b []byte, tag uint16, fid, newFID uint32, names ...string) []byte {
	start := len(b)
	b = begin(b, Twalk, tag)
	b = LE.AppendUint32(b, fid)
	b = LE.AppendUint32(b, newFID)
	b = LE.AppendUint16(b, uint16(len(names)))
	for _, name := range names {
		b = appendString(b, name)
	}
	return end(b, start)
}

// AppendOpen appends Tlopen for reading and writing.
func AppendOpen(b []byte, tag uint16, fid uint32) []byte {
	start := len(b)
	b = begin(b, Tlopen, tag)
	b = LE.AppendUint32(b, fid)
	return end(LE.AppendUint32(b, ReadWrite), start)
}

// AppendRead appends a Tread of one value.
func AppendRead(b []byte, tag uint16, fid uint32) []byte {
	start := len(b)
	b = begin(b, Tread, tag)
	b = LE.AppendUint32(b, fid)
	b = LE.AppendUint64(b, 0)
	return end(LE.AppendUint32(b, ValueSize), start)
}

// AppendWrite appends Twrite.
func AppendWrite(b []byte, tag uint16, fid uint32, data ...byte) []byte {
	start := len(b)
	b = begin(b, Twrite, tag)
	b = LE.AppendUint32(b, fid)
	b = LE.AppendUint64(b, 0)
	b = LE.AppendUint32(b, uint32(len(data)))
	return end(append(b, data...), start)
}

// AppendPush appends a Twrite of one value.
func AppendPush(b []byte, tag uint16, fid uint32, value uint32) []byte {
	b = AppendWrite(b, tag, fid, 0, 0, 0, 0)
	LE.PutUint32(b[len(b)-ValueSize:], value)
	return b
}

// AppendClunk appends Tclunk.
func AppendClunk(b []byte, tag uint16, fid uint32) []byte {
	start := len(b)
	b = begin(b, Tclunk, tag)
	return end(LE.AppendUint32(b, fid), start)
}

func begin(b []byte, typ Type, tag uint16) []byte {
	b = append(b, 0, 0, 0, 0, byte(typ))
	return LE.AppendUint16(b, tag)
}

func end(b []byte, start int) []byte {
	LE.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

func appendString(b []byte, s string) []byte {
	b = LE.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}
