package wire

// Field is a field of a message.
type Field struct {
	kind  fieldKind
	bytes []byte // whole
}

// Append appends the field as text, as in [Server.Trace].
func (f Field) Append(text []byte) []byte { return f.kind.appendText(text, f.bytes) }

// Uint returns a number, or 0 if the field is none.
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
	c := Cursor(f.bytes)
	names := make([]string, c.U16())
	for i := range names {
		names[i] = string(c.Str())
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
			qids[i] = string(asQID.appendText(nil, f.bytes[2+i*QIDSize:]))
		}
		return qids
	}
	return f.Uint()
}
