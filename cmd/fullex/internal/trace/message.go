package trace

import (
	"encoding/binary"
	"strconv"

	"fullex/p9srv"
)

// Types of the messages that change what is known (diod's protocol.md). A reply's
// is one more, an error's Rlerror.
const (
	rlerror    = 7
	tlopen     = 12
	tlcreate   = 14
	txattrwalk = 30
	tversion   = 100
	tauth      = 102
	tattach    = 104
	tflush     = 108
	twalk      = 110
	tread      = 116
	twrite     = 118
	tclunk     = 120
	tremove    = 122
)

const (
	headSize = p9srv.HeadSize
	// dataAt is where fid[4] offset[8] count[4] of Tread and Twrite end.
	dataAt = headSize + 16
)

// le is the byte order of 9P.
var le = binary.LittleEndian

// fidOf returns the fid that a request begins with: all do but three.
func fidOf(f p9srv.Frame) (fid uint32, ok bool) {
	switch f.Type() {
	case tversion, tauth, tflush:
		return 0, false
	}
	if len(f) < headSize+4 {
		return 0, false
	}
	return le.Uint32(f[headSize:]), true
}

// number returns a field of a message that has it.
func number(f p9srv.Frame, name string) uint64 {
	fields, _ := f.Fields()
	for n, field := range fields {
		if n == name {
			return field.Uint()
		}
	}
	return 0
}

// text returns a string of a message that has it.
func text(f p9srv.Frame, name string) string {
	fields, _ := f.Fields()
	for n, field := range fields {
		if n == name {
			return string(field.Data())
		}
	}
	return ""
}

// names returns those of a Twalk.
func names(f p9srv.Frame) []string {
	fields, _ := f.Fields()
	for n, field := range fields {
		if n == "names" {
			return field.Names()
		}
	}
	return nil
}

// walked returns how many names an Rwalk says were walked.
func walked(f p9srv.Frame) int {
	fields, _ := f.Fields()
	for _, field := range fields {
		return field.Count()
	}
	return 0
}

// typeName returns a message type's name, or its number.
func typeName(typ uint8) string {
	if name := (p9srv.Frame{4: typ, 6: 0}).Name(); name != "" {
		return name
	}
	return "type " + strconv.Itoa(int(typ))
}
