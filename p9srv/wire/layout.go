package wire

// fieldKind is the encoding of a field. 0 is the kind of the zero Field.
type fieldKind uint8

const (
	asU8 fieldKind = iota + 1
	asU16
	asU32
	asU64
	asString // length[2], then that many bytes
	asNames  // count[2], then that many strings
	asData   // count[4], then that many bytes
	asQID    // type[1] version[4] path[8]
	asQIDs   // count[2], then that many qids
	asRest   // all remaining bytes, maybe none
)

// field is a field of a message, with its name in diod's protocol.md.
type field struct {
	name string
	kind fieldKind
}

// layout describes the body of a message. Fits and Line use the same table of layouts.
type layout struct {
	name   string
	fields []field
}

// layouts has every message of 9P2000.L (diod's protocol.md). Fields without a name are not
// shown by Line.
var layouts = map[Type]layout{
	Rlerror:      {"Rlerror", []field{{"errno", asU32}}},
	Tstatfs:      {"Tstatfs", []field{{"fid", asU32}}},
	Rstatfs:      {"Rstatfs", []field{{"type", asU32}, {"bsize", asU32}, {"", asRest}}},
	Tlopen:       {"Tlopen", []field{{"fid", asU32}, {"flags", asU32}}},
	Rlopen:       {"Rlopen", []field{{"qid", asQID}, {"iounit", asU32}}},
	Tlcreate:     {"Tlcreate", []field{{"fid", asU32}, {"name", asString}, {"flags", asU32}, {"mode", asU32}, {"gid", asU32}}},
	Rlcreate:     {"Rlcreate", []field{{"qid", asQID}, {"iounit", asU32}}},
	Tsymlink:     {"Tsymlink", []field{{"fid", asU32}, {"name", asString}, {"target", asString}, {"gid", asU32}}},
	Rsymlink:     {"Rsymlink", []field{{"qid", asQID}}},
	Tmknod:       {"Tmknod", []field{{"dfid", asU32}, {"name", asString}, {"mode", asU32}, {"major", asU32}, {"minor", asU32}, {"gid", asU32}}},
	Rmknod:       {"Rmknod", []field{{"qid", asQID}}},
	Trename:      {"Trename", []field{{"fid", asU32}, {"dfid", asU32}, {"name", asString}}},
	Rrename:      {"Rrename", nil},
	Treadlink:    {"Treadlink", []field{{"fid", asU32}}},
	Rreadlink:    {"Rreadlink", []field{{"target", asString}}},
	Tgetattr:     {"Tgetattr", []field{{"fid", asU32}, {"mask", asU64}}},
	Rgetattr:     {"Rgetattr", []field{{"valid", asU64}, {"qid", asQID}, {"mode", asU32}, {"uid", asU32}, {"gid", asU32}, {"", asRest}}},
	Tsetattr:     {"Tsetattr", []field{{"fid", asU32}, {"valid", asU32}, {"mode", asU32}, {"uid", asU32}, {"gid", asU32}, {"size", asU64}, {"atime", asU64}, {"atime_nsec", asU64}, {"mtime", asU64}, {"mtime_nsec", asU64}}},
	Rsetattr:     {"Rsetattr", nil},
	Txattrwalk:   {"Txattrwalk", []field{{"fid", asU32}, {"newfid", asU32}, {"name", asString}}},
	Rxattrwalk:   {"Rxattrwalk", []field{{"size", asU64}}},
	Txattrcreate: {"Txattrcreate", []field{{"fid", asU32}, {"name", asString}, {"size", asU64}, {"flags", asU32}}},
	Rxattrcreate: {"Rxattrcreate", nil},
	Treaddir:     {"Treaddir", []field{{"fid", asU32}, {"offset", asU64}, {"count", asU32}}},
	Rreaddir:     {"Rreaddir", []field{{"data", asData}}},
	// Linux sends datasync[4] in a Tfsync. Other clients do not.
	Tfsync:    {"Tfsync", []field{{"fid", asU32}, {"", asRest}}},
	Rfsync:    {"Rfsync", nil},
	Tlock:     {"Tlock", []field{{"fid", asU32}, {"type", asU8}, {"flags", asU32}, {"start", asU64}, {"length", asU64}, {"proc_id", asU32}, {"client_id", asString}}},
	Rlock:     {"Rlock", []field{{"status", asU8}}},
	Tgetlock:  {"Tgetlock", []field{{"fid", asU32}, {"type", asU8}, {"start", asU64}, {"length", asU64}, {"proc_id", asU32}, {"client_id", asString}}},
	Rgetlock:  {"Rgetlock", []field{{"type", asU8}, {"start", asU64}, {"length", asU64}, {"proc_id", asU32}, {"client_id", asString}}},
	Tlink:     {"Tlink", []field{{"dfid", asU32}, {"fid", asU32}, {"name", asString}}},
	Rlink:     {"Rlink", nil},
	Tmkdir:    {"Tmkdir", []field{{"dfid", asU32}, {"name", asString}, {"mode", asU32}, {"gid", asU32}}},
	Rmkdir:    {"Rmkdir", []field{{"qid", asQID}}},
	Trenameat: {"Trenameat", []field{{"olddirfid", asU32}, {"oldname", asString}, {"newdirfid", asU32}, {"newname", asString}}},
	Rrenameat: {"Rrenameat", nil},
	Tunlinkat: {"Tunlinkat", []field{{"dfid", asU32}, {"name", asString}, {"flags", asU32}}},
	Runlinkat: {"Runlinkat", nil},
	Tversion:  {"Tversion", []field{{"msize", asU32}, {"version", asString}}},
	Rversion:  {"Rversion", []field{{"msize", asU32}, {"version", asString}}},
	Tauth:     {"Tauth", []field{{"afid", asU32}, {"uname", asString}, {"aname", asString}, {"n_uname", asU32}}},
	Rauth:     {"Rauth", []field{{"qid", asQID}}},
	Tattach:   {"Tattach", []field{{"fid", asU32}, {"afid", asU32}, {"uname", asString}, {"aname", asString}, {"n_uname", asU32}}},
	Rattach:   {"Rattach", []field{{"qid", asQID}}},
	Tflush:    {"Tflush", []field{{"oldtag", asU16}}},
	Rflush:    {"Rflush", nil},
	Twalk:     {"Twalk", []field{{"fid", asU32}, {"newfid", asU32}, {"names", asNames}}},
	Rwalk:     {"Rwalk", []field{{"qids", asQIDs}}},
	Tread:     {"Tread", []field{{"fid", asU32}, {"offset", asU64}, {"count", asU32}}},
	Rread:     {"Rread", []field{{"data", asData}}},
	Twrite:    {"Twrite", []field{{"fid", asU32}, {"offset", asU64}, {"data", asData}}},
	Rwrite:    {"Rwrite", []field{{"count", asU32}}},
	Tclunk:    {"Tclunk", []field{{"fid", asU32}}},
	Rclunk:    {"Rclunk", nil},
	Tremove:   {"Tremove", []field{{"fid", asU32}}},
	Rremove:   {"Rremove", nil},
}

// layoutByType is layouts as an array. The server looks up every message but Tread and Twrite.
// With a map, a Tgetattr of a device took a fifth longer (BenchmarkGetattr in p9srv).
var layoutByType = func() (table [256]*layout) {
	for typ, l := range layouts {
		table[typ] = &l
	}
	return table
}()

// fits reports whether body is exactly the fields of the layout.
func (l *layout) fits(body []byte) bool {
	for _, f := range l.fields {
		n := f.kind.size(body)
		if n > len(body) {
			return false
		}
		body = body[n:]
	}
	return len(body) == 0
}

// size returns the length of the field at the start of b, in bytes. It returns more than len(b)
// if b ends within the field.
func (k fieldKind) size(b []byte) int {
	switch k {
	case asU8:
		return 1
	case asU16:
		return 2
	case asU32:
		return 4
	case asU64:
		return 8
	case asQID:
		return QIDSize
	case asRest:
		return len(b)
	case asData:
		return dataSize(b)
	default:
		return countedSize(k, b)
	}
}

// dataSize is size for asData.
func dataSize(b []byte) int {
	if len(b) < 4 {
		return 4
	}
	n := uint64(le.Uint32(b)) + 4
	return int(min(n, uint64(len(b))+1))
}

// countedSize is size for the kinds that begin with length[2] or count[2].
func countedSize(k fieldKind, b []byte) int {
	if len(b) < 2 {
		return 2
	}
	n := int(le.Uint16(b))
	switch k {
	case asString:
		return 2 + n
	case asQIDs:
		return 2 + n*QIDSize
	}
	size := 2
	for range n {
		if size > len(b) {
			break
		}
		size += asString.size(b[size:])
	}
	return size
}
