package wire

import "iter"

// Frame is the bytes of one whole message, at least [HeadSize]. Its methods do not change it.
// The bodies, fields and bytes that they return share its memory.
type Frame []byte

// Type returns the type byte.
func (f Frame) Type() Type { return Type(f[4]) }

// Tag returns the tag.
func (f Frame) Tag() uint16 { return le.Uint16(f[5:]) }

// Body returns the bytes after the head.
func (f Frame) Body() Cursor { return Cursor(f[HeadSize:]) }

// Size returns the size field of the message at the start of b. b must have at least 4 bytes.
func Size(b []byte) uint32 { return le.Uint32(b) }

// Known reports whether the type is a type of 9P2000.L.
func (f Frame) Known() bool { return layoutByType[f[4]] != nil }

// Fits reports whether the type is a type of 9P2000.L and the body is exactly its fields. Bytes
// after the last field are an error of the peer, so Fits is false.
func (f Frame) Fits() bool {
	l := layoutByType[f[4]]
	return l != nil && l.fits(f[HeadSize:])
}

// Fields returns the fields in their order, with their names in diod's protocol.md, and the
// result of Fits. It returns no fields if that is false.
func (f Frame) Fields() (fields iter.Seq2[string, Field], ok bool) {
	if !f.Fits() {
		return func(func(string, Field) bool) {}, false
	}
	return func(yield func(string, Field) bool) {
		body := []byte(f.Body())
		for _, field := range layoutByType[f[4]].fields {
			size := field.kind.size(body)
			if field.name != "" && !yield(field.name, Field{field.kind, body[:size]}) {
				return
			}
			body = body[size:]
		}
	}, true
}

// Field returns the field with that name, or the zero Field if there is none.
func (f Frame) Field(name string) Field {
	fields, _ := f.Fields()
	for n, field := range fields {
		if n == name {
			return field
		}
	}
	return Field{}
}
