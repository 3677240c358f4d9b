package wire

import (
	"fmt"
	"strings"
)

const (
	anyField = "*"
	anyRest  = "..."
)

// Vars are what the $names of expected replies stand for so far. With nil Vars no $name
// matches.
type Vars map[string]string

// Match returns an error, which says how a frame differs, unless it is the reply that want
// describes. It does not look at the tag.
func (v Vars) Match(want string, frame []byte) error {
	words, err := splitWords(want)
	if err != nil {
		return err
	}
	if len(frame) < headSize || len(words) == 0 || !v.matchWords(words, frame) {
		got, _ := Decode(frame)
		return fmt.Errorf("got %q, want %q", got, want)
	}
	return nil
}

func (v Vars) matchWords(want []string, frame []byte) bool {
	name, got := decode(frame)
	if want[0] != name {
		return false
	}
	for i, w := range want[1:] {
		switch {
		case w == anyRest:
			return true
		case i >= len(got):
			return false
		case !v.matchField(fieldOf(frame[4], i), w, got[i]):
			return false
		}
	}
	return len(want)-1 == len(got)
}

// fieldOf returns the kind of the n'th word of a message; nil if it has none.
func fieldOf(typ byte, n int) kind {
	m := byType[typ]
	if m == nil || len(m.fields) == 0 {
		return nil
	}
	return m.fields[min(n, len(m.fields)-1)].kind
}

func (v Vars) matchField(k kind, want, got string) bool {
	if want == anyField {
		return true
	}
	if hasWildcard(want) {
		return v.matchParts(want, got)
	}
	return k != nil && canonical(k, want) == got || want == got
}

func hasWildcard(want string) bool {
	return !strings.HasPrefix(want, `"`) && strings.ContainsAny(want, "*$")
}

// canonical returns the text that the decoder has for a field.
func canonical(k kind, text string) string {
	b, err := k.encode(nil, text)
	if err != nil {
		return text
	}
	return k.decode(&cursor{rest: b})
}

// matchParts compares the parts between colons and commas.
func (v Vars) matchParts(want, got string) bool {
	isSeparator := func(r rune) bool { return r == ':' || r == ',' }
	wants, gots := strings.FieldsFunc(want, isSeparator), strings.FieldsFunc(got, isSeparator)
	if len(wants) != len(gots) {
		return false
	}
	for i, w := range wants {
		if w != anyField && w != gots[i] && !v.matchVar(w, gots[i]) {
			return false
		}
	}
	return true
}

// matchVar binds a $name to a text, or compares the text with the one that it is bound to. Two
// names cannot be bound to the same text.
func (v Vars) matchVar(name, got string) bool {
	if !strings.HasPrefix(name, "$") || v == nil {
		return false
	}
	if bound, ok := v[name]; ok {
		return bound == got
	}
	for _, other := range v {
		if other == got {
			return false
		}
	}
	v[name] = got
	return true
}

// checkPattern returns an error if the text of an expected reply has a mistake.
func checkPattern(words []string) error {
	m := byName[words[0]]
	if m == nil {
		if strings.HasPrefix(words[0], "type:") {
			return nil
		}
		return fmt.Errorf("%s: no such message", words[0])
	}
	name, words := words[0], words[1:]
	open := len(words) > 0 && words[len(words)-1] == anyRest
	if open {
		words = words[:len(words)-1]
	}
	if err := m.checkCount(len(words), open); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for i, word := range words {
		if word == anyField || hasWildcard(word) {
			continue
		}
		if _, err := fieldOf(m.typ, i).encode(nil, word); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// checkCount returns an error unless a reply can be written with n fields. If open, more may
// follow.
func (m *message) checkCount(n int, open bool) error {
	want := len(m.fields)
	if want > 0 && m.fields[want-1].count > 0 {
		return nil
	}
	if n > want || n < want && !open {
		return fmt.Errorf("%d fields, want %d", n, want)
	}
	return nil
}
