package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseTranscript(t *testing.T) {
	cases, err := ParseTranscript("some.txt", strings.NewReader(`
# a comment
== first case [in turn] [other]   # marked
> Tversion 65536 9P2000.L
  < Rversion 65536 9P2000.L   # indented
a> @7 Tclunk 1
b1< closed
> raw 0700 repeat:2:hex:0a "x"
> close

== second
`))
	require.NoError(t, err)
	require.Len(t, cases, 2)
	first := cases[0]
	assert.Equal(t, "first case", first.Name)
	assert.Equal(t, "some.txt", first.File)
	assert.Equal(t, 3, first.Line)
	assert.Equal(t, map[string]bool{InTurn: true, "other": true}, first.Marks)
	require.Len(t, first.steps, 6)
	assert.EqualValues(t, noTag, *first.steps[0].tag, "the tag of Tversion")
	assert.Equal(t, step{line: 5, does: gets, text: "Rversion 65536 9P2000.L"}, first.steps[1])
	assert.Equal(t, "a", first.steps[2].conn)
	assert.EqualValues(t, 7, *first.steps[2].tag)
	assert.Equal(t, step{line: 7, conn: "b1", does: ends}, first.steps[3])
	assert.Equal(t, step{line: 8, raw: true, frame: []byte{7, 0, 10, 10, 'x'}}, first.steps[4])
	assert.Equal(t, closes, first.steps[5].does)
	assert.Empty(t, cases[1].steps)
}

func TestMistakesInTranscriptsHaveALine(t *testing.T) {
	for line, want := range map[string]string{
		"Tclunk 1":               "want > MESSAGE, < MESSAGE or == NAME",
		">":                      "no message",
		"> # nothing":            "no message",
		"> Tclunk":               "Tclunk: no fid",
		"> raw 070":              "odd length",
		"> raw foo:07":           `"foo:07": want`,
		"< Rnosuch":              "Rnosuch: no such message",
		"< Rlerror ENOSUCH":      `"ENOSUCH" is not a number`,
		"< Rlerror":              "Rlerror: 0 fields, want 1",
		"< Rlerror EIO EIO":      "Rlerror: 2 fields, want 1",
		"< Rgetattr 0x7ff dir:*": "Rgetattr: 2 fields, want 20",
		"< Rclunk 1":             "Rclunk: 1 fields, want 0",
		"< Rclunk 1 ...":         "Rclunk: 1 fields, want 0",
		"< Rread 5":              `Rread: "5": want`,
		"< @x Rclunk":            `"x" is not a number`,
		"A> Tclunk 1":            "want > MESSAGE",
		"==  [in turn]":          "a case without a name",
	} {
		_, err := ParseTranscript("t.txt", strings.NewReader("== case\n"+line+"\n"))
		assert.ErrorContains(t, err, "t.txt:2: ", line)
		assert.ErrorContains(t, err, want, line)
	}
	_, err := ParseTranscript("t.txt", strings.NewReader("> Tclunk 1\n"))
	assert.ErrorContains(t, err, "t.txt:1: a line before the first case")
}
