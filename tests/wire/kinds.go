package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// le is the byte order of 9P.
var le = binary.LittleEndian

// kind is a kind of field: its bytes in a frame, and its text.
type kind interface {
	// encode appends the field that text stands for.
	encode(out []byte, text string) ([]byte, error)
	// decode takes a field from c and returns its text. Of several texts for the same
	// field it always returns the same one. If the field is cut short, c.short becomes
	// true and the text means nothing.
	decode(c *cursor) string
}

// cursor takes fields from the start of a body.
type cursor struct {
	rest  []byte
	short bool // more bytes were asked for than there were
}

// take returns the next n bytes, or nothing if there are fewer.
func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.short = true
		c.rest = nil
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

// number takes an integer of size bytes.
func (c *cursor) number(size int) uint64 {
	var n uint64
	for i, b := range c.take(uint64(size)) {
		n |= uint64(b) << (8 * i)
	}
	return n
}

func appendNumber(out []byte, n uint64, size int) []byte {
	return append(out, le.AppendUint64(nil, n)[:size]...)
}

// integer is an integer of that many bytes.
type integer int

func (k integer) encode(out []byte, text string) ([]byte, error) {
	n, err := parseNumber(text, int(k))
	return appendNumber(out, n, int(k)), err
}

func (k integer) decode(c *cursor) string {
	n := c.number(int(k))
	if k >= 4 && n == allOnes(int(k)) {
		return "~0"
	}
	return strconv.FormatUint(n, 10)
}

type errno struct{}

func (errno) encode(out []byte, text string) ([]byte, error) {
	return integer(4).encode(out, text)
}

func (errno) decode(c *cursor) string {
	n := c.number(4)
	if name, ok := errnoNames[n]; ok {
		return name
	}
	return strconv.FormatUint(n, 10)
}

type str struct{}

func (str) encode(out []byte, text string) ([]byte, error) {
	b, err := parseString(text)
	if len(b) > 0xffff {
		return nil, fmt.Errorf("a string of %d bytes", len(b))
	}
	return append(appendNumber(out, uint64(len(b)), 2), b...), err
}

func (str) decode(c *cursor) string { return formatString(c.take(c.number(2))) }

type data struct{}

func (data) encode(out []byte, text string) ([]byte, error) {
	b, err := parseBytes(text)
	return append(appendNumber(out, uint64(len(b)), 4), b...), err
}

func (data) decode(c *cursor) string { return formatBytes(c.take(c.number(4))) }

type qid struct{}

// qidTypes are the types of a qid that occur here (intro(5)).
var qidTypes = map[string]uint64{"dir": 0x80, "file": 0}

func (qid) encode(out []byte, text string) ([]byte, error) {
	typeText, rest, ok := strings.Cut(text, ":")
	if !ok {
		return nil, fmt.Errorf("qid %q: want TYPE:PATH or TYPE:PATH:VERSION", text)
	}
	typ, known := qidTypes[typeText]
	var typeErr, versionErr error
	if !known {
		typ, typeErr = parseNumber(typeText, 1)
	}
	pathText, versionText, hasVersion := strings.Cut(rest, ":")
	path, pathErr := parseNumber(pathText, 8)
	var version uint64
	if hasVersion {
		version, versionErr = parseNumber(versionText, 4)
	}
	out = appendNumber(append(out, byte(typ)), version, 4)
	return appendNumber(out, path, 8), errors.Join(typeErr, pathErr, versionErr)
}

func (qid) decode(c *cursor) string {
	typ, version, path := c.number(1), c.number(4), c.number(8)
	text := fmt.Sprintf("0x%x", typ)
	for name, t := range qidTypes {
		if t == typ {
			text = name
		}
	}
	text += fmt.Sprintf(":0x%x", path)
	if version != 0 {
		text += fmt.Sprintf(":%d", version)
	}
	return text
}

type entry struct{}

// encode splits NAME,OFFSET,DTYPE,QID from the end, because a quoted name may have commas.
func (entry) encode(out []byte, text string) ([]byte, error) {
	var parts [3]string // qid, type, offset
	for i := range parts {
		comma := strings.LastIndexByte(text, ',')
		if comma < 0 {
			return nil, fmt.Errorf("entry %q: want NAME,OFFSET,DTYPE,QID", text)
		}
		text, parts[i] = text[:comma], text[comma+1:]
	}
	out, qidErr := qid{}.encode(out, parts[0])
	out, offsetErr := integer(8).encode(out, parts[2])
	out, typeErr := integer(1).encode(out, parts[1])
	out, nameErr := str{}.encode(out, text)
	return out, errors.Join(nameErr, offsetErr, typeErr, qidErr)
}

func (entry) decode(c *cursor) string {
	q, offset, typ := qid{}.decode(c), integer(8).decode(c), integer(1).decode(c)
	return strings.Join([]string{str{}.decode(c), offset, typ, q}, ",")
}
