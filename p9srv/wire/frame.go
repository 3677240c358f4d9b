package wire

import "iter"

// Frame is one whole message of [HeadSize] bytes or more. Its methods never write to
// it, and what they return is part of it.
type Frame []byte

// Type returns the type byte.
func (f Frame) Type() Type { return Type(f[4]) }

// Tag returns the tag.
func (f Frame) Tag() uint16 { return le.Uint16(f[5:]) }

// Body returns what follows the head.
func (f Frame) Body() Cursor { return Cursor(f[HeadSize:]) }

// Size returns the size that the message at the start of b says it has. b has 4 bytes
// or more.
func Size(b []byte) uint32 { return le.Uint32(b) }

// Known reports whether the type is one of 9P2000.L.
func (f Frame) Known() bool { return layoutByType[f[4]] != nil }

// Fits reports whether the type is one of 9P2000.L and the body is exactly its fields.
// Bytes that no field claims are an error of the peer, too.
func (f Frame) Fits() bool {
	l := layoutByType[f[4]]
	return l != nil && l.fits(f[HeadSize:])
}

// Fields returns the fields in their order, by the names that diod's protocol.md
// has, and the result of Fits. A message that does not fit has no fields.
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

// Field returns the field of that name, or the zero Field.
func (f Frame) Field(name string) Field {
	fields, _ := f.Fields()
	for n, field := range fields {
		if n == name {
			return field
		}
	}
	return Field{}
}
