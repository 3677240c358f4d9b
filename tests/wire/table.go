package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// table has every message of 9P2000.L (diod protocol.md; Linux
// include/net/9p/9p.h), one a line: type, name, and its fields as name:kind.
//
//	1 2 4 8   an integer of that many bytes, lowest byte first
//	4?        the same as 4, but it may be missing at the end
//	errno     the same as 4, the number of an error
//	s         a string: length[2], bytes
//	data      count[4], bytes
//	qid       type[1] version[4] path[8]
//	names     count[2], that many s; must be last
//	qids      count[2], that many qid; must be last
//	entries   size[4], entries of qid offset[8] type[1] name[s]; must be last
const table = `
	7   Rlerror       errno:errno
	8   Tstatfs       fid:4
	9   Rstatfs       type:4 bsize:4 blocks:8 bfree:8 bavail:8 files:8 ffree:8 fsid:8 namelen:4
	12  Tlopen        fid:4 flags:4
	13  Rlopen        qid:qid iounit:4
	14  Tlcreate      fid:4 name:s flags:4 mode:4 gid:4
	15  Rlcreate      qid:qid iounit:4
	16  Tsymlink      dfid:4 name:s target:s gid:4
	17  Rsymlink      qid:qid
	18  Tmknod        dfid:4 name:s mode:4 major:4 minor:4 gid:4
	19  Rmknod        qid:qid
	20  Trename       fid:4 dfid:4 name:s
	21  Rrename
	22  Treadlink     fid:4
	23  Rreadlink     target:s
	24  Tgetattr      fid:4 mask:8
	25  Rgetattr      valid:8 qid:qid mode:4 uid:4 gid:4 nlink:8 rdev:8 size:8 blksize:8 blocks:8 atime:8 atime_ns:8 mtime:8 mtime_ns:8 ctime:8 ctime_ns:8 btime:8 btime_ns:8 gen:8 data_version:8
	26  Tsetattr      fid:4 valid:4 mode:4 uid:4 gid:4 size:8 atime:8 atime_ns:8 mtime:8 mtime_ns:8
	27  Rsetattr
	30  Txattrwalk    fid:4 newfid:4 name:s
	31  Rxattrwalk    size:8
	32  Txattrcreate  fid:4 name:s size:8 flags:4
	33  Rxattrcreate
	40  Treaddir      fid:4 offset:8 count:4
	41  Rreaddir      data:entries
	50  Tfsync        fid:4 datasync:4?
	51  Rfsync
	52  Tlock         fid:4 type:1 flags:4 start:8 length:8 proc_id:4 client_id:s
	53  Rlock         status:1
	54  Tgetlock      fid:4 type:1 start:8 length:8 proc_id:4 client_id:s
	55  Rgetlock      type:1 start:8 length:8 proc_id:4 client_id:s
	70  Tlink         dfid:4 fid:4 name:s
	71  Rlink
	72  Tmkdir        dfid:4 name:s mode:4 gid:4
	73  Rmkdir        qid:qid
	74  Trenameat     olddirfid:4 oldname:s newdirfid:4 newname:s
	75  Rrenameat
	76  Tunlinkat     dirfid:4 name:s flags:4
	77  Runlinkat
	100 Tversion      msize:4 version:s
	101 Rversion      msize:4 version:s
	102 Tauth         afid:4 uname:s aname:s n_uname:4
	103 Rauth         aqid:qid
	104 Tattach       fid:4 afid:4 uname:s aname:s n_uname:4
	105 Rattach       qid:qid
	108 Tflush        oldtag:2
	109 Rflush
	110 Twalk         fid:4 newfid:4 wname:names
	111 Rwalk         wqid:qids
	116 Tread         fid:4 offset:8 count:4
	117 Rread         data:data
	118 Twrite        fid:4 offset:8 data:data
	119 Rwrite        count:4
	120 Tclunk        fid:4
	121 Rclunk
	122 Tremove       fid:4
	123 Rremove
`

const (
	typeTversion = 100
	typeRversion = 101
)

// message is a line of the table.
type message struct {
	typ    byte
	name   string
	fields []field
}

// field is one field of a message, or the list of fields at its end.
type field struct {
	name     string
	kind     kind
	count    int  // bytes of the count before a list; 0: no list
	inBytes  bool // the count is of bytes, not of items
	optional bool
}

var kinds = map[string]field{
	"1":       {kind: integer(1)},
	"2":       {kind: integer(2)},
	"4":       {kind: integer(4)},
	"4?":      {kind: integer(4), optional: true},
	"8":       {kind: integer(8)},
	"errno":   {kind: errno{}},
	"s":       {kind: str{}},
	"data":    {kind: data{}},
	"qid":     {kind: qid{}},
	"names":   {kind: str{}, count: 2},
	"qids":    {kind: qid{}, count: 2},
	"entries": {kind: entry{}, count: 4, inBytes: true},
}

var byType, byName = index(table)

// index reads the table. It panics if the table has a mistake, as this is a mistake of the
// package.
func index(table string) (map[byte]*message, map[string]*message) {
	byType, byName := make(map[byte]*message), make(map[string]*message)
	for line := range strings.Lines(strings.TrimSpace(table)) {
		words := strings.Fields(line)
		typ, err := strconv.ParseUint(words[0], 10, 8)
		if err != nil {
			panic(err)
		}
		m := &message{typ: byte(typ), name: words[1]}
		for _, word := range words[2:] {
			name, kindName, _ := strings.Cut(word, ":")
			f, ok := kinds[kindName]
			if !ok {
				panic(fmt.Sprintf("%s: no kind %q", m.name, kindName))
			}
			f.name = name
			m.fields = append(m.fields, f)
		}
		byType[m.typ], byName[m.name] = m, m
	}
	return byType, byName
}
