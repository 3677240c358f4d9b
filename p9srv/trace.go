package p9srv

import (
	"fmt"
	"strconv"
	"strings"
)

// traceLine renders one frame as a line of text: name, tag, fields. Strings
// are quoted and data are given in hexadecimal, cut to tracedBytes.
func traceLine(frame []byte) string {
	m := parseHead(frame)
	l, known := layouts[m.typ]
	if !known {
		return fmt.Sprintf("type %d tag %d, %d bytes", m.typ, m.tag, len(m.body))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s tag %d", l.name, m.tag)
	if !l.fits(m.body) {
		fmt.Fprintf(&b, " malformed: %s", hexBytes(m.body))
		return b.String()
	}
	body := cursor(m.body)
	for _, field := range l.fields {
		size := field.kind.size(body)
		if field.name != "" {
			fmt.Fprintf(&b, " %s %s", field.name, field.kind.text(cursor(body[:size])))
		}
		body = body[size:]
	}
	return b.String()
}

// tracedBytes is how much of a payload a trace shows.
const tracedBytes = 32

// text renders a field that is whole.
func (k fieldKind) text(c cursor) string {
	switch k {
	case asU8:
		return strconv.FormatUint(uint64(c.u8()), 10)
	case asU16:
		return strconv.FormatUint(uint64(c.u16()), 10)
	case asU32:
		return numberText(c.u32())
	case asU64:
		return strconv.FormatUint(c.u64(), 10)
	case asString:
		return printable(string(c.str()))
	case asNames:
		return listText(c, func(c *cursor) string { return printable(string(c.str())) })
	case asData:
		n := c.u32()
		return fmt.Sprintf("%d [%s]", n, hexBytes(c))
	case asQID:
		return qidText(&c)
	case asQIDs:
		return listText(c, qidText)
	default:
		return hexBytes(c)
	}
}

// numberText shows NOFID and the user ~0 as such.
func numberText(n uint32) string {
	if n == noFID {
		return "~0"
	}
	return strconv.FormatUint(uint64(n), 10)
}

func qidText(c *cursor) string {
	return fmt.Sprintf("(%02x %d %x)", c.u8(), c.u32(), c.u64())
}

// listText renders count[2] and that many items.
func listText(c cursor, item func(*cursor) string) string {
	list := make([]string, c.u16())
	for i := range list {
		list[i] = item(&c)
	}
	return "[" + strings.Join(list, " ") + "]"
}

func hexBytes(b []byte) string {
	if len(b) > tracedBytes {
		return fmt.Sprintf("%x...", b[:tracedBytes])
	}
	return fmt.Sprintf("%x", b)
}

// printable quotes what a peer sent, so that it can forge neither lines nor
// terminal codes in a log, and cuts it.
func printable(s string) string {
	const longest = 64
	if len(s) > longest {
		return strconv.QuoteToASCII(s[:longest]) + "..."
	}
	return strconv.QuoteToASCII(s)
}
