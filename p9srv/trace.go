package p9srv

import (
	"encoding/hex"
	"fmt"
	"strconv"
)

// traceLine renders one frame as a line of text: name, tag, fields. Strings
// are quoted and data are given in hexadecimal, cut to tracedBytes.
func traceLine(frame Frame) string {
	m := parseHead(frame)
	name := frame.Name()
	if name == "" {
		return fmt.Sprintf("type %d tag %d, %d bytes", m.typ, m.tag, len(m.body))
	}
	line := fmt.Appendf(nil, "%s tag %d", name, m.tag)
	fields, ok := frame.Fields()
	if !ok {
		return string(appendHex(append(line, " malformed: "...), m.body))
	}
	for name, field := range fields {
		line = append(append(append(line, ' '), name...), ' ')
		line = field.Append(line)
	}
	return string(line)
}

// tracedBytes is how much of a payload a trace shows.
const tracedBytes = 32

// appendText renders a field that is whole.
func (k fieldKind) appendText(text []byte, c cursor) []byte {
	switch k {
	case asU8:
		return strconv.AppendUint(text, uint64(c.u8()), 10)
	case asU16:
		return strconv.AppendUint(text, uint64(c.u16()), 10)
	case asU32:
		return appendNumber(text, c.u32())
	case asU64:
		return strconv.AppendUint(text, c.u64(), 10)
	case asString:
		return appendPrintable(text, c.str())
	case asNames:
		return appendList(text, c, func(text []byte, c *cursor) []byte { return appendPrintable(text, c.str()) })
	case asData:
		text = strconv.AppendUint(text, uint64(c.u32()), 10)
		return append(appendHex(append(text, " ["...), c), ']')
	case asQID:
		return appendQID(text, &c)
	case asQIDs:
		return appendList(text, c, appendQID)
	default:
		return appendHex(text, c)
	}
}

// appendNumber shows NOFID and the user ~0 as such.
func appendNumber(text []byte, n uint32) []byte {
	if n == noFID {
		return append(text, "~0"...)
	}
	return strconv.AppendUint(text, uint64(n), 10)
}

func appendQID(text []byte, c *cursor) []byte {
	return fmt.Appendf(text, "(%02x %d %x)", c.u8(), c.u32(), c.u64())
}

// appendList renders count[2] and that many items.
func appendList(text []byte, c cursor, item func([]byte, *cursor) []byte) []byte {
	text = append(text, '[')
	for i := range c.u16() {
		if i > 0 {
			text = append(text, ' ')
		}
		text = item(text, &c)
	}
	return append(text, ']')
}

func appendHex(text, b []byte) []byte {
	if len(b) > tracedBytes {
		return append(hex.AppendEncode(text, b[:tracedBytes]), "..."...)
	}
	return hex.AppendEncode(text, b)
}

// printable quotes what a peer sent, so that it can forge neither lines nor
// terminal codes in a log, and cuts it.
func printable(s string) string { return string(appendPrintable(nil, []byte(s))) }

func appendPrintable(text, s []byte) []byte {
	const longest = 64
	if len(s) > longest {
		return append(strconv.AppendQuoteToASCII(text, string(s[:longest])), "..."...)
	}
	return strconv.AppendQuoteToASCII(text, string(s))
}
