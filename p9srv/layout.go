package p9srv

// fieldKind is how a field lies on the wire.
type fieldKind uint8

const (
	asU8     fieldKind = iota
	asU16              // little-endian, as all
	asU32              //
	asU64              //
	asString           // length[2], then that many bytes
	asNames            // count[2], then that many asString
	asData             // count[4], then that many bytes
	asQID              // type[1] version[4] path[8]
	asQIDs             // count[2], then that many asQID
	asRest             // whatever is left, also nothing
)

// field is one field of a message, named as in the protocol description.
type field struct {
	name string
	kind fieldKind
}

// layout is the body of a message. One table serves the check of what peers
// send and the lines of the trace.
type layout struct {
	name   string
	fields []field
}

// layouts holds every message of 9P2000.L (diod protocol.md), by type.
var layouts = map[msgType]layout{
	rlerror:          {"Rlerror", []field{{"errno", asU32}}},
	tstatfs:          {"Tstatfs", []field{{"fid", asU32}}},
	tstatfs + 1:      {"Rstatfs", []field{{"type", asU32}, {"bsize", asU32}, {"", asRest}}},
	tlopen:           {"Tlopen", []field{{"fid", asU32}, {"flags", asU32}}},
	tlopen + 1:       {"Rlopen", []field{{"qid", asQID}, {"iounit", asU32}}},
	tlcreate:         {"Tlcreate", []field{{"fid", asU32}, {"name", asString}, {"flags", asU32}, {"mode", asU32}, {"gid", asU32}}},
	tlcreate + 1:     {"Rlcreate", []field{{"qid", asQID}, {"iounit", asU32}}},
	tsymlink:         {"Tsymlink", []field{{"fid", asU32}, {"name", asString}, {"target", asString}, {"gid", asU32}}},
	tsymlink + 1:     {"Rsymlink", []field{{"qid", asQID}}},
	tmknod:           {"Tmknod", []field{{"dfid", asU32}, {"name", asString}, {"mode", asU32}, {"major", asU32}, {"minor", asU32}, {"gid", asU32}}},
	tmknod + 1:       {"Rmknod", []field{{"qid", asQID}}},
	trename:          {"Trename", []field{{"fid", asU32}, {"dfid", asU32}, {"name", asString}}},
	trename + 1:      {"Rrename", nil},
	treadlink:        {"Treadlink", []field{{"fid", asU32}}},
	treadlink + 1:    {"Rreadlink", []field{{"target", asString}}},
	tgetattr:         {"Tgetattr", []field{{"fid", asU32}, {"mask", asU64}}},
	tgetattr + 1:     {"Rgetattr", []field{{"valid", asU64}, {"qid", asQID}, {"mode", asU32}, {"uid", asU32}, {"gid", asU32}, {"", asRest}}},
	tsetattr:         {"Tsetattr", []field{{"fid", asU32}, {"valid", asU32}, {"mode", asU32}, {"uid", asU32}, {"gid", asU32}, {"size", asU64}, {"atime", asU64}, {"atime_nsec", asU64}, {"mtime", asU64}, {"mtime_nsec", asU64}}},
	tsetattr + 1:     {"Rsetattr", nil},
	txattrwalk:       {"Txattrwalk", []field{{"fid", asU32}, {"newfid", asU32}, {"name", asString}}},
	txattrwalk + 1:   {"Rxattrwalk", []field{{"size", asU64}}},
	txattrcreate:     {"Txattrcreate", []field{{"fid", asU32}, {"name", asString}, {"size", asU64}, {"flags", asU32}}},
	txattrcreate + 1: {"Rxattrcreate", nil},
	treaddir:         {"Treaddir", []field{{"fid", asU32}, {"offset", asU64}, {"count", asU32}}},
	treaddir + 1:     {"Rreaddir", []field{{"data", asData}}},
	// Linux sends datasync[4] with Tfsync, other clients do not.
	tfsync:        {"Tfsync", []field{{"fid", asU32}, {"", asRest}}},
	tfsync + 1:    {"Rfsync", nil},
	tlock:         {"Tlock", []field{{"fid", asU32}, {"type", asU8}, {"flags", asU32}, {"start", asU64}, {"length", asU64}, {"proc_id", asU32}, {"client_id", asString}}},
	tlock + 1:     {"Rlock", []field{{"status", asU8}}},
	tgetlock:      {"Tgetlock", []field{{"fid", asU32}, {"type", asU8}, {"start", asU64}, {"length", asU64}, {"proc_id", asU32}, {"client_id", asString}}},
	tgetlock + 1:  {"Rgetlock", []field{{"type", asU8}, {"start", asU64}, {"length", asU64}, {"proc_id", asU32}, {"client_id", asString}}},
	tlink:         {"Tlink", []field{{"dfid", asU32}, {"fid", asU32}, {"name", asString}}},
	tlink + 1:     {"Rlink", nil},
	tmkdir:        {"Tmkdir", []field{{"dfid", asU32}, {"name", asString}, {"mode", asU32}, {"gid", asU32}}},
	tmkdir + 1:    {"Rmkdir", []field{{"qid", asQID}}},
	trenameat:     {"Trenameat", []field{{"olddirfid", asU32}, {"oldname", asString}, {"newdirfid", asU32}, {"newname", asString}}},
	trenameat + 1: {"Rrenameat", nil},
	tunlinkat:     {"Tunlinkat", []field{{"dfid", asU32}, {"name", asString}, {"flags", asU32}}},
	tunlinkat + 1: {"Runlinkat", nil},
	tversion:      {"Tversion", []field{{"msize", asU32}, {"version", asString}}},
	tversion + 1:  {"Rversion", []field{{"msize", asU32}, {"version", asString}}},
	tauth:         {"Tauth", []field{{"afid", asU32}, {"uname", asString}, {"aname", asString}, {"n_uname", asU32}}},
	tauth + 1:     {"Rauth", []field{{"qid", asQID}}},
	tattach:       {"Tattach", []field{{"fid", asU32}, {"afid", asU32}, {"uname", asString}, {"aname", asString}, {"n_uname", asU32}}},
	tattach + 1:   {"Rattach", []field{{"qid", asQID}}},
	tflush:        {"Tflush", []field{{"oldtag", asU16}}},
	tflush + 1:    {"Rflush", nil},
	twalk:         {"Twalk", []field{{"fid", asU32}, {"newfid", asU32}, {"names", asNames}}},
	twalk + 1:     {"Rwalk", []field{{"qids", asQIDs}}},
	tread:         {"Tread", []field{{"fid", asU32}, {"offset", asU64}, {"count", asU32}}},
	tread + 1:     {"Rread", []field{{"data", asData}}},
	twrite:        {"Twrite", []field{{"fid", asU32}, {"offset", asU64}, {"data", asData}}},
	twrite + 1:    {"Rwrite", []field{{"count", asU32}}},
	tclunk:        {"Tclunk", []field{{"fid", asU32}}},
	tclunk + 1:    {"Rclunk", nil},
	tremove:       {"Tremove", []field{{"fid", asU32}}},
	tremove + 1:   {"Rremove", nil},
}

// fits says whether body is exactly the fields of the layout. Bytes that no
// field claims are an error of the peer, too.
func (l layout) fits(body []byte) bool {
	for _, f := range l.fields {
		n := f.kind.size(body)
		if n > len(body) {
			return false
		}
		body = body[n:]
	}
	return len(body) == 0
}

const qidSize = 13

// size returns how many bytes the field at the start of b takes, or more than
// len(b) if b ends within it.
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
		return qidSize
	case asRest:
		return len(b)
	case asData:
		return dataSize(b)
	default:
		return countedSize(k, b)
	}
}

func dataSize(b []byte) int {
	if len(b) < 4 {
		return 4
	}
	n := uint64(le.Uint32(b)) + 4
	return int(min(n, uint64(len(b))+1))
}

func countedSize(k fieldKind, b []byte) int {
	if len(b) < 2 {
		return 2
	}
	n := int(le.Uint16(b))
	switch k {
	case asString:
		return 2 + n
	case asQIDs:
		return 2 + n*qidSize
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
