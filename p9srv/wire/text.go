package wire

import (
	"encoding/hex"
	"fmt"
	"strconv"
)

// Line renders the message as one line of text without a newline: name, tag and fields. It
// quotes strings and cuts them to 64 bytes. It shows data in hexadecimal, at most 32 bytes. So
// a peer cannot forge lines or terminal codes.
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

// shownBytes is how many bytes of data Line shows.
const shownBytes = 32

// appendText appends a whole field as text.
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

// appendNumber shows NoFID and NoUID as ~0.
func appendNumber(text []byte, n uint32) []byte {
	if n == NoFID {
		return append(text, "~0"...)
	}
	return strconv.AppendUint(text, uint64(n), 10)
}

// appendQID shows a qid as (type version path), type and path in hexadecimal.
func appendQID(text []byte, c *Cursor) []byte {
	return fmt.Appendf(text, "(%02x %d %x)", c.U8(), c.U32(), c.U64())
}

// appendList reads count[2] and that many items, and shows them in brackets.
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

// appendHex shows at most shownBytes in hexadecimal.
func appendHex(text, b []byte) []byte {
	if len(b) > shownBytes {
		return append(hex.AppendEncode(text, b[:shownBytes]), "..."...)
	}
	return hex.AppendEncode(text, b)
}

// Printable returns s quoted as in Go and cut to 64 bytes. So a peer that sent s can forge
// neither lines nor terminal codes in a log.
func Printable(s []byte) string { return string(appendPrintable(nil, s)) }

// appendPrintable appends what Printable returns.
func appendPrintable(text, s []byte) []byte {
	const longest = 64
	if len(s) > longest {
		return append(strconv.AppendQuoteToASCII(text, string(s[:longest])), "..."...)
	}
	return strconv.AppendQuoteToASCII(text, string(s))
}
