package wire

import (
	"encoding/binary"
	"strconv"
)

// Type is the type byte of a message (diod's protocol.md; Linux
// include/net/9p/9p.h). A reply's is its request's plus one; Rlerror answers any.
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
	NoFID = 0xffffffff // the fid that stands for none
	NoTag = 0xffff     // the tag of Tversion
	NoUID = 0xffffffff // n_uname of a client that names no user
)

// Sizes, in bytes.
const (
	// HeadSize is size[4] type[1] tag[2], which every message has.
	HeadSize = 7
	// QIDSize is type[1] version[4] path[8].
	QIDSize = 13
	// TreadSize is a whole Tread.
	TreadSize = HeadSize + 4 + 8 + 4
	// TwriteHead is a Twrite without its data.
	TwriteHead = HeadSize + 4 + 8 + 4
	// RreadHead is an Rread without its data.
	RreadHead = HeadSize + 4
	// RwriteSize is a whole Rwrite.
	RwriteSize = HeadSize + 4
	// RlerrorSize is a whole Rlerror, the least room that any request needs for its reply.
	RlerrorSize = HeadSize + 4
	// DirentHead is what an entry of Rreaddir takes beside its name: qid[13]
	// offset[8] type[1] and the name's length[2].
	DirentHead = QIDSize + 8 + 1 + 2
	// IOHeadSize is what a reader leaves of msize for headers: the Linux client
	// asks for msize-24 at most (P9_IOHDRSZ in include/net/9p/9p.h).
	IOHeadSize = 24
)

// Version9P2000L is the version string of this dialect.
const Version9P2000L = "9P2000.L"

// VersionUnknown is what a server answers to a version it does not speak (version(5)).
const VersionUnknown = "unknown"

// le is the byte order of 9P.
var le = binary.LittleEndian

// String returns the type's name, "Twalk" for one, or its number.
func (t Type) String() string {
	if l := layoutByType[t]; l != nil {
		return l.name
	}
	return "type " + strconv.Itoa(int(t))
}
