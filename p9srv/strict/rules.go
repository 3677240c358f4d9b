package strict

import "slices"

// Rule is a rule of 9P that a server can see broken.
type Rule struct {
	// Name is the rule's name in logs and guides.
	Name string
	// Note reports that breaking the rule is a note, and not a sin.
	Note bool
	// Broken says what a client did that broke the rule.
	Broken string
	// Says is what the source says.
	Says string
	// Source is a page of section 5 of the Plan 9 manual, or diod's protocol.md.
	Source string
}

// Rules returns all rules in the order of the guide's table.
func Rules() []Rule { return slices.Clone(rules[:]) }

// rule is an index of rules.
type rule int

const (
	versionFirst rule = iota
	versionAwaited
	versionString
	versionTag
	versionAgain
	tagInUse
	tagFlushed
	tagNoTag
	flushItself
	frameShort
	frameAboveMsize
	typeUnknown
	malformed
	fsyncShort
	stringNUL
	stringUTF8
	fidUnknown
	fidClunked
	fidNoFID
	fidBeforeReply
	fidBeforeRclunk
	fidsLeft
	newfidInUse
	afidUnknown
	namesTooMany
	nameEmpty
	nameDot
	nameSlash
	nameDotDot
	walkDotDot
	walkOpenFID
	walkFromFile
	openTwice
	openDirectoryWrite
	ioNotOpen
	readDirectory
	readdirFile
	readdirOffset
	countAboveMsize
	countAboveIounit
	ruleCount
)

const protocol = "protocol.md"

// rules has every rule.
var rules = [ruleCount]Rule{
	versionFirst:   {"version-first", false, "a request before a version was agreed", "Tversion is the first message of a connection", "version(5)"},
	versionAwaited: {"version-awaited", false, "a request that was sent before Rversion", "after Tversion the client sends nothing until Rversion arrives", "version(5)"},
	versionString:  {"version-string", false, "a version that does not begin with 9P", "the version begins with the characters 9P", "version(5)"},
	versionTag:     {"version-tag", true, "a Tversion with a tag other than NOTAG", "the tag of Tversion should be NOTAG", "version(5)"},
	versionAgain:   {"version-again", true, "a Tversion that clunked the fids of a session", "Tversion starts a new session and frees all fids", "version(5)"},

	tagInUse:    {"tag-in-use", false, "the tag of a request that had no reply yet", "outstanding requests have different tags", "intro(5)"},
	tagFlushed:  {"tag-flushed", false, "the tag that a Tflush named, used again before Rflush", "the client waits for Rflush before it uses oldtag again", "flush(5)"},
	tagNoTag:    {"tag-notag", false, "NOTAG in a request other than Tversion", "only Tversion may have NOTAG", "intro(5)"},
	flushItself: {"flush-itself", true, "a Tflush whose oldtag is its own tag", "oldtag names another request", "flush(5)"},

	frameShort:      {"frame-short", false, "a message shorter than its head", "size counts the whole message: size, type, tag and body", "intro(5)"},
	frameAboveMsize: {"frame-above-msize", false, "a message larger than the agreed msize", "both sides honor the msize of Rversion", "version(5)"},
	typeUnknown:     {"type-unknown", false, "a message that is not a request of 9P2000.L", "the types of the agreed version are the only ones", protocol},
	malformed:       {"malformed", false, "a body that is not exactly the fields of its type", "each type has a fixed list of fields", protocol},
	fsyncShort:      {"fsync-short", true, "a Tfsync without datasync", "datasync follows the fid", protocol},
	stringNUL:       {"string-nul", false, "a NUL in a string", "NUL is illegal in all strings", "intro(5)"},
	stringUTF8:      {"string-utf8", true, "a string that is not UTF-8", "strings are UTF-8; Linux sends any bytes", "intro(5)"},

	fidUnknown:      {"fid-unknown", false, "a fid that stands for no file", "a fid must be valid in the session", "walk(5)"},
	fidClunked:      {"fid-clunked", false, "a fid that was clunked or removed", "a clunked fid is not valid any more, even after an error", "clunk(5)"},
	fidNoFID:        {"fid-nofid", false, "NOFID as a fid", "NOFID means that there is no fid", "attach(5)"},
	fidBeforeReply:  {"fid-before-reply", false, "a fid used before the reply to the request that makes or opens it", "the server may answer later requests first", "intro(5)"},
	fidBeforeRclunk: {"fid-before-rclunk", false, "a fid made again before the reply to its Tclunk", "a fid can be used again once it has been clunked", "clunk(5)"},
	fidsLeft:        {"fids-left", true, "fids that were not clunked when the connection ended", "a client should clunk the fids that it does not need", "intro(5)"},
	newfidInUse:     {"newfid-in-use", false, "a new fid that is in use", "a new fid must not be in use", "walk(5), attach(5)"},
	afidUnknown:     {"afid-unknown", false, "an attach with an afid that no Tauth made", "without authentication afid is NOFID", "attach(5)"},

	namesTooMany: {"names-too-many", false, "a walk of more than 16 names", "a Twalk has at most 16 names", "walk(5)"},
	nameEmpty:    {"name-empty", false, "an empty name", "a walk to the same file has no names", "walk(5)"},
	nameDot:      {"name-dot", false, `the name "."`, "the protocol does not use this name", "walk(5)"},
	nameSlash:    {"name-slash", false, "a name with a slash", "a name may have any printable character but a slash", "intro(5)"},
	nameDotDot:   {"name-dotdot", false, `the name ".." of a file to make or remove`, "this name is special and illegal here", "open(5)"},
	walkDotDot:   {"walk-dotdot", true, `a walk to ".."`, "it is the parent; this server refuses it, as Linux never asks for it", "walk(5)"},

	walkOpenFID:  {"walk-open-fid", false, "a walk from a fid that is open", "the fid must not be open", "walk(5)"},
	walkFromFile: {"walk-from-file", false, "a walk of names from a fid that is not a directory", "the fid must be a directory unless there are no names", "walk(5)"},

	openTwice:          {"open-twice", false, "an open of a fid that is open", "it is an error to open an open fid", "open(5)"},
	openDirectoryWrite: {"open-directory-write", false, "an open of a directory for writing", "it is illegal to write or truncate a directory", "open(5)"},
	ioNotOpen:          {"io-not-open", false, "a read, write, readdir or fsync of a fid that is not open for it", "the fid must be open for it", "read(5), protocol.md"},
	readDirectory:      {"read-directory", false, "a Tread of a directory", "9P2000.L reads directories with Treaddir only", protocol},
	readdirFile:        {"readdir-file", false, "a Treaddir of a fid that is not a directory", "the fid is a directory", protocol},
	readdirOffset:      {"readdir-offset", false, "an offset of a Treaddir that no entry had", "an offset is 0, or that of an entry which this fid has returned", protocol},

	countAboveMsize:  {"count-above-msize", false, "a count whose reply would be larger than msize", "the client expects no message larger than msize", "version(5)"},
	countAboveIounit: {"count-above-iounit", true, "a count above iounit", "only iounit bytes are certain to be transferred at once", "read(5)"},
}
