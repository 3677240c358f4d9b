package wire

import (
	"fmt"
	"strings"
)

// Encode returns the frame of a message with a tag. If the text starts with
// @TAG, that is its tag instead.
func Encode(text string, tag uint16) ([]byte, error) {
	words, err := splitWords(text)
	if err != nil {
		return nil, err
	}
	words, given, err := cutTag(words)
	if err != nil {
		return nil, err
	}
	if given != nil {
		tag = *given
	}
	return encode(words, tag)
}

// cutTag removes @TAG from the start of a line and returns it; nil if there is none.
func cutTag(words []string) (rest []string, tag *uint16, err error) {
	if len(words) == 0 {
		return nil, nil, fmt.Errorf("no message")
	}
	text, ok := strings.CutPrefix(words[0], "@")
	if !ok {
		return words, nil, nil
	}
	n, err := parseNumber(text, 2)
	if err == nil && len(words) == 1 {
		err = fmt.Errorf("a tag and no message")
	}
	given := uint16(n)
	return words[1:], &given, err
}

func encode(words []string, tag uint16) ([]byte, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("no message")
	}
	name := words[0]
	words, spoil, err := cutSpoilers(words[1:])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	frame := append(make([]byte, 4), 0, byte(tag), byte(tag>>8))
	if typ, ok := strings.CutPrefix(name, "type:"); ok {
		frame, err = encodeUnnamed(frame, typ, words)
	} else if m := byName[name]; m != nil {
		frame[4] = m.typ
		frame, err = m.encode(frame, words)
	} else {
		err = fmt.Errorf("no such message")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return spoil.apply(frame)
}

// encodeUnnamed appends a body that is given as bytes.
func encodeUnnamed(frame []byte, typ string, words []string) ([]byte, error) {
	n, err := parseNumber(typ, 1)
	frame[4] = byte(n)
	for _, word := range words {
		if err != nil {
			break
		}
		var b []byte
		b, err = parseBytes(word)
		frame = append(frame, b...)
	}
	return frame, err
}

// encode appends the fields of a body.
func (m *message) encode(out []byte, words []string) (_ []byte, err error) {
	for _, f := range m.fields {
		if f.count > 0 {
			return f.encodeList(out, words)
		}
		if len(words) == 0 && f.optional {
			continue
		}
		if len(words) == 0 {
			return nil, fmt.Errorf("no %s", f.name)
		}
		if out, err = f.kind.encode(out, words[0]); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		words = words[1:]
	}
	if len(words) > 0 {
		return nil, fmt.Errorf("no field for %q", words)
	}
	return out, nil
}

func (f field) encodeList(out []byte, words []string) (_ []byte, err error) {
	start := len(out)
	out = append(out, make([]byte, f.count)...)
	for _, word := range words {
		if out, err = f.kind.encode(out, word); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	n := len(words)
	if f.inBytes {
		n = len(out) - start - f.count
	}
	if uint64(n) > allOnes(f.count) {
		return nil, fmt.Errorf("%s: a list of %d", f.name, n)
	}
	copy(out[start:], appendNumber(nil, uint64(n), f.count))
	return out, nil
}
