package contractfile

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// position is a place in a file. Line and column start at 1; a column is a byte.
type position struct{ line, column int }

// errorf returns an error about this place.
func (at position) errorf(format string, args ...any) error {
	return fmt.Errorf("%d:%d: %s", at.line, at.column, fmt.Sprintf(format, args...))
}

// setting is a key and its value, or a table's header, which has no value.
type setting struct {
	key   []string
	at    position // of the key
	value value
}

// name returns the key as a file has it: "rows.open.weight".
func (s setting) name() string { return strings.Join(s.key, ".") }

// value is a value in a file.
type value struct {
	at       position
	kind     unstable.Kind // Invalid: none
	text     string        // of a scalar, a string without its quotes
	elements []value       // of an array
}

// settings returns everything that a valid TOML text sets, in its order.
func settings(text []byte) (all []setting, err error) {
	w := walk{}
	w.parser.Reset(text)
	var table []string
	for w.parser.NextExpression() {
		e := w.parser.Expression()
		switch e.Kind {
		case unstable.KeyValue:
			w.add(table, e)
		case unstable.ArrayTable:
			key, at := w.key(e)
			return nil, at.errorf("[[%s]]: want a table, [%s]", strings.Join(key, "."), strings.Join(key, "."))
		default:
			var at position
			table, at = w.key(e)
			w.all = append(w.all, setting{key: table, at: at})
		}
	}
	return w.all, w.parser.Error()
}

// walk collects settings.
type walk struct {
	parser unstable.Parser
	all    []setting
}

// add adds a key and its value in a table, or the keys of an inline table.
func (w *walk) add(table []string, e *unstable.Node) {
	key, at := w.key(e)
	key = append(append([]string(nil), table...), key...)
	if e.Value().Kind != unstable.InlineTable {
		w.all = append(w.all, setting{key, at, w.value(e.Value(), at)})
		return
	}
	w.all = append(w.all, setting{key: key, at: at})
	for inside := e.Value().Children(); inside.Next(); {
		w.add(key, inside.Node())
	}
}

func (w *walk) key(e *unstable.Node) (key []string, at position) {
	for parts := e.Key(); parts.Next(); {
		if len(key) == 0 {
			at = w.position(parts.Node())
		}
		key = append(key, string(parts.Node().Data))
	}
	return key, at
}

// value copies a value, which the parser forgets. The parser knows no place of an array:
// that of its key stands for it.
func (w *walk) value(n *unstable.Node, key position) value {
	v := value{at: key, kind: n.Kind, text: string(n.Data)}
	if n.Kind != unstable.Array {
		v.at = w.position(n)
	}
	for elements := n.Children(); elements.Next(); {
		v.elements = append(v.elements, w.value(elements.Node(), key))
	}
	return v
}

func (w *walk) position(n *unstable.Node) position {
	start := w.parser.Shape(n.Raw).Start
	return position{start.Line, start.Column}
}
