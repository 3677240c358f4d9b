package wire

// Field is a field of a message. The zero Field is 0, and has no data, names or items.
type Field struct {
	kind  fieldKind
	bytes []byte // the encoded field
}

// Append appends the field as text, in the form of [Frame.Line].
func (f Field) Append(text []byte) []byte { return f.kind.appendText(text, f.bytes) }

// Uint returns the number in the field, or 0 if the field is not a number.
func (f Field) Uint() uint64 {
	c := Cursor(f.bytes)
	switch f.kind {
	case asU8:
		return uint64(c.U8())
	case asU16:
		return uint64(c.U16())
	case asU32:
		return uint64(c.U32())
	case asU64:
		return c.U64()
	}
	return 0
}

// Data returns the bytes of a string or of data, and nil for other fields. The result shares
// memory with the message.
func (f Field) Data() []byte {
	switch f.kind {
	case asString:
		return f.bytes[2:]
	case asData:
		return f.bytes[4:]
	}
	return nil
}

// Names returns the names of a Twalk, and nil for other fields.
func (f Field) Names() []string {
	if f.kind != asNames {
		return nil
	}
	c := Cursor(f.bytes)
	names := make([]string, c.U16())
	for i := range names {
		names[i] = string(c.Str())
	}
	return names
}

// Count returns how many items the field has if it is a list of names or qids, else 0.
func (f Field) Count() int {
	if f.kind != asNames && f.kind != asQIDs {
		return 0
	}
	return int(le.Uint16(f.bytes))
}

// Value returns the field as a Go value: a number as uint64, a string or a qid as string, names
// or qids as []string, and data as []byte.
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
			qids[i] = string(asQID.appendText(nil, f.bytes[2+i*QIDSize:]))
		}
		return qids
	}
	return f.Uint()
}
