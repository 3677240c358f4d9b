package wire

import (
	"encoding/hex"
	"fmt"
	"strconv"
)

// Line renders the message as a line of text: name, tag, fields. Strings are quoted
// and data are given in hexadecimal, cut to tracedBytes.
func (f Frame) Line() string {
	if !f.Known() {
		return fmt.Sprintf("%s tag %d, %d bytes", f.Type(), f.Tag(), len(f.Body()))
	}
	line := fmt.Appendf(nil, "%s tag %d", f.Type(), f.Tag())
	fields, ok := f.Fields()
	if !ok {
		return string(appendHex(append(line, " malformed: "...), f.Body()))
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
func (k fieldKind) appendText(text []byte, c Cursor) []byte {
	switch k {
	case asU8:
		return strconv.AppendUint(text, uint64(c.U8()), 10)
	case asU16:
		return strconv.AppendUint(text, uint64(c.U16()), 10)
	case asU32:
		return appendNumber(text, c.U32())
	case asU64:
		return strconv.AppendUint(text, c.U64(), 10)
	case asString:
		return appendPrintable(text, c.Str())
	case asNames:
		return appendList(text, c, func(text []byte, c *Cursor) []byte { return appendPrintable(text, c.Str()) })
	case asData:
		text = strconv.AppendUint(text, uint64(c.U32()), 10)
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
	if n == NoFID {
		return append(text, "~0"...)
	}
	return strconv.AppendUint(text, uint64(n), 10)
}

func appendQID(text []byte, c *Cursor) []byte {
	return fmt.Appendf(text, "(%02x %d %x)", c.U8(), c.U32(), c.U64())
}

// appendList renders count[2] and that many items.
func appendList(text []byte, c Cursor, item func([]byte, *Cursor) []byte) []byte {
	text = append(text, '[')
	for i := range c.U16() {
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

// Printable quotes what a peer sent and cuts it to 64 bytes, so that it can forge
// neither lines nor terminal codes in a log.
func Printable(s []byte) string { return string(appendPrintable(nil, s)) }

func appendPrintable(text, s []byte) []byte {
	const longest = 64
	if len(s) > longest {
		return append(strconv.AppendQuoteToASCII(text, string(s[:longest])), "..."...)
	}
	return strconv.AppendQuoteToASCII(text, string(s))
}
