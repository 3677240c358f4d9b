package trace

import (
	"strconv"

	"github.com/hugelgupf/p9/linux"

	"fullex/device/contract"
	"fullex/p9srv/wire"
)

// clock is the format of the time in a line.
const clock = "15:04:05.000000"

// appendText appends the line of an event.
func appendText(out []byte, e *event) []byte {
	out = e.at.AppendFormat(out, clock)
	out = append(out, ' ')
	out = strconv.AppendUint(out, e.conn, 10)
	switch {
	case e.note != "":
		out = append(append(out, " -- "...), e.note...)
	case e.reply:
		out = appendAnswer(append(out, " <- "...), e)
	default:
		out = appendMessage(append(out, " -> "...), e)
	}
	return append(out, '\n')
}

// appendMessage appends type, tag and fields of a message. In a request the path follows the
// fid.
func appendMessage(out []byte, e *event) []byte {
	frame := e.known()
	fields, ok := frame.Fields()
	switch {
	case e.frame == nil:
		return appendUnshown(out, e)
	case !ok: // malformed, or of an unknown type
		return append(out, frame.Line()...)
	}
	out = append(append(out, frame.Type().String()...), " tag "...)
	out = strconv.AppendUint(out, uint64(frame.Tag()), 10)
	first := true
	for name, field := range fields {
		out = append(append(append(out, ' '), name...), ' ')
		out = field.Append(out)
		switch {
		case e.reply:
		case first && e.path != "":
			out = append(append(out, ' '), quotedPath(e.path)...)
		case e.newPath != "" && (name == "newfid" || name == "fid"): // "fid" is that of Tattach
			out = append(append(out, ' '), quotedPath(e.newPath)...)
		}
		first = false
	}
	return out
}

// appendUnshown appends type, tag and size of a message that is too large to show.
func appendUnshown(out []byte, e *event) []byte {
	frame := e.known()
	out = append(append(out, frame.Type().String()...), " tag "...)
	out = strconv.AppendUint(out, uint64(frame.Tag()), 10)
	out = append(out, ", "...)
	out = strconv.AppendUint(out, uint64(e.size), 10)
	return append(out, " bytes"...)
}

// appendAnswer appends a reply, the request that it answers, and the time between the two.
func appendAnswer(out []byte, e *event) []byte {
	out = appendMessage(out, e)
	if errno, ok := refusal(e.known()); ok {
		out = append(append(out, ' '), errnoName(errno)...)
	}
	if e.request == 0 {
		return append(out, " (no such request)"...)
	}
	out = append(out, " ("...)
	out = append(out, e.request.String()...)
	if e.path != "" {
		out = append(out, " fid "...)
		out = strconv.AppendUint(out, uint64(e.fid), 10)
		out = append(append(out, ' '), quotedPath(e.path)...)
	}
	out = append(out, ") "...)
	out = strconv.AppendFloat(out, float64(e.took.Nanoseconds())/1e3, 'f', 1, 64)
	return append(out, "us"...)
}

// refusal returns the errno of an Rlerror.
func refusal(f wire.Frame) (linux.Errno, bool) {
	if f.Type() != wire.Rlerror || len(f) != wire.RlerrorSize {
		return 0, false
	}
	return linux.Errno(le.Uint32(f.Body())), true
}

// errnoName returns the name that this system has for an errno of Linux.
func errnoName(errno linux.Errno) string { return contract.ErrnoName(wire.Local(errno)) }

// longestPath is how many bytes of a path are shown, counted from its end.
const longestPath = 256

// quotedPath returns a path in a form that is safe to print. The client chooses the names in
// it, and these must forge neither lines nor terminal codes.
func quotedPath(path string) string {
	start := ""
	if len(path) > longestPath {
		path, start = path[len(path)-longestPath:], "..."
	}
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return start + strconv.QuoteToASCII(path)
		}
	}
	return start + path
}
