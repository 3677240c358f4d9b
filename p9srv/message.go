package p9srv

import "iter"

// Frame is one whole message as it lies on the wire, of [HeadSize] bytes or more,
// for those who look at messages without answering them. Its methods never write
// to it, and what they return is part of it.
type Frame []byte

// HeadSize is what every message has, in bytes: size[4] type[1] tag[2].
const HeadSize = headerSize

// Type returns the type byte. A reply's is its request's plus one; Rlerror is 7.
func (f Frame) Type() uint8 { return f[4] }

// Tag returns the tag.
func (f Frame) Tag() uint16 { return le.Uint16(f[5:]) }

// Name returns the name of the message's type, "Twalk" for one, or "" for a type
// that is none of 9P2000.L.
func (f Frame) Name() string {
	if l := layoutByType[f[4]]; l != nil {
		return l.name
	}
	return ""
}

// layoutByType is layouts by number: for some every message is looked up, and a map
// takes a third of that time.
var layoutByType = func() (table [256]*layout) {
	for typ, l := range layouts {
		table[typ] = &l
	}
	return table
}()

// Fields returns the fields in their order, by the names that diod's protocol.md
// has, and whether the body is just these fields. If it is not, there are none.
func (f Frame) Fields() (fields iter.Seq2[string, Field], ok bool) {
	m := parseHead(f)
	l := layoutByType[m.typ]
	if l == nil || !l.fits(m.body) {
		return func(func(string, Field) bool) {}, false
	}
	return func(yield func(string, Field) bool) {
		body := m.body
		for _, field := range l.fields {
			size := field.kind.size(body)
			if field.name != "" && !yield(field.name, Field{field.kind, body[:size]}) {
				return
			}
			body = body[size:]
		}
	}, true
}

// Field is a field of a message.
type Field struct {
	kind  fieldKind
	bytes []byte // whole
}

// Append appends the field as text, as in [Server.Trace].
func (f Field) Append(text []byte) []byte { return f.kind.appendText(text, f.bytes) }

// Uint returns a number, or 0 if the field is none.
func (f Field) Uint() uint64 {
	c := cursor(f.bytes)
	switch f.kind {
	case asU8:
		return uint64(c.u8())
	case asU16:
		return uint64(c.u16())
	case asU32:
		return uint64(c.u32())
	case asU64:
		return c.u64()
	}
	return 0
}

// Data returns the bytes of a string or of data, in place.
func (f Field) Data() []byte {
	switch f.kind {
	case asString:
		return f.bytes[2:]
	case asData:
		return f.bytes[4:]
	}
	return nil
}

// Names returns the names of a Twalk.
func (f Field) Names() []string {
	if f.kind != asNames {
		return nil
	}
	c := cursor(f.bytes)
	names := make([]string, c.u16())
	for i := range names {
		names[i] = string(c.str())
	}
	return names
}

// Count returns how many items a list has.
func (f Field) Count() int {
	if f.kind != asNames && f.kind != asQIDs {
		return 0
	}
	return int(le.Uint16(f.bytes))
}

// Value returns the field as a value of Go: a uint64, a string, []string, []byte
// for data, and text for a qid.
func (f Field) Value() any {
	switch f.kind {
	case asString:
		return string(f.Data())
	case asData:
		return f.Data()
	case asNames:
		return f.Names()
	case asQID:
		return string(f.Append(nil))
	case asQIDs:
		qids := make([]string, f.Count())
		for i := range qids {
			qids[i] = string(asQID.appendText(nil, f.bytes[2+i*qidSize:]))
		}
		return qids
	}
	return f.Uint()
}

// Line returns the message in a line, as [Server.Trace] gets it.
func (f Frame) Line() string { return traceLine(f) }
