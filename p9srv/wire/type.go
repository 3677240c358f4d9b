package wire

import (
	"encoding/binary"
	"strconv"
)

// Type is the type byte of a message (diod's protocol.md; Linux's include/net/9p/9p.h). The type
// of a reply is the type of its request plus one, or Rlerror.
type Type uint8

// The types of 9P2000.L.
const (
	Rlerror      Type = 7
	Tstatfs      Type = 8
	Rstatfs      Type = 9
	Tlopen       Type = 12
	Rlopen       Type = 13
	Tlcreate     Type = 14
	Rlcreate     Type = 15
	Tsymlink     Type = 16
	Rsymlink     Type = 17
	Tmknod       Type = 18
	Rmknod       Type = 19
	Trename      Type = 20
	Rrename      Type = 21
	Treadlink    Type = 22
	Rreadlink    Type = 23
	Tgetattr     Type = 24
	Rgetattr     Type = 25
	Tsetattr     Type = 26
	Rsetattr     Type = 27
	Txattrwalk   Type = 30
	Rxattrwalk   Type = 31
	Txattrcreate Type = 32
	Rxattrcreate Type = 33
	Treaddir     Type = 40
	Rreaddir     Type = 41
	Tfsync       Type = 50
	Rfsync       Type = 51
	Tlock        Type = 52
	Rlock        Type = 53
	Tgetlock     Type = 54
	Rgetlock     Type = 55
	Tlink        Type = 70
	Rlink        Type = 71
	Tmkdir       Type = 72
	Rmkdir       Type = 73
	Trenameat    Type = 74
	Rrenameat    Type = 75
	Tunlinkat    Type = 76
	Runlinkat    Type = 77
	Tversion     Type = 100
	Rversion     Type = 101
	Tauth        Type = 102
	Rauth        Type = 103
	Tattach      Type = 104
	Rattach      Type = 105
	Tflush       Type = 108
	Rflush       Type = 109
	Twalk        Type = 110
	Rwalk        Type = 111
	Tread        Type = 116
	Rread        Type = 117
	Twrite       Type = 118
	Rwrite       Type = 119
	Tclunk       Type = 120
	Rclunk       Type = 121
	Tremove      Type = 122
	Rremove      Type = 123
)

const (
	NoFID = 0xffffffff // no fid: the afid of a Tattach without authentication
	NoTag = 0xffff     // the tag of a Tversion
	NoUID = 0xffffffff // no user: the n_uname of a client that names none
)

// Sizes, in bytes.
const (
	// HeadSize is the size of the head of every message: size[4] type[1] tag[2].
	HeadSize = 7
	// QIDSize is the size of a qid: type[1] version[4] path[8].
	QIDSize = 13
	// TreadSize is the size of a Tread.
	TreadSize = HeadSize + 4 + 8 + 4
	// TwriteHead is the size of a Twrite without its data.
	TwriteHead = HeadSize + 4 + 8 + 4
	// RreadHead is the size of an Rread without its data.
	RreadHead = HeadSize + 4
	// RwriteSize is the size of an Rwrite.
	RwriteSize = HeadSize + 4
	// RlerrorSize is the size of an Rlerror. Every request needs room for one as its reply.
	RlerrorSize = HeadSize + 4
	// DirentHead is the size of an entry of an Rreaddir without its name: qid[13] offset[8]
	// type[1] and length[2] of the name.
	DirentHead = QIDSize + 8 + 1 + 2
	// IOHeadSize is the part of msize that a client reserves for heads. The Linux client
	// asks for at most msize-24 bytes (P9_IOHDRSZ in include/net/9p/9p.h).
	IOHeadSize = 24
)

// Version9P2000L is the version string of this dialect.
const Version9P2000L = "9P2000.L"

// VersionUnknown is the version in the reply of a server that does not speak the requested one
// (version(5)).
const VersionUnknown = "unknown"

// le is the byte order of 9P.
var le = binary.LittleEndian

// String returns the name of the type, such as "Twalk", or "type 200" for an unknown one.
func (t Type) String() string {
	if l := layoutByType[t]; l != nil {
		return l.name
	}
	return "type " + strconv.Itoa(int(t))
}
