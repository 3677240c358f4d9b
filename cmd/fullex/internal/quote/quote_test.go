package quote

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// words need quotes in at least one of the grammars, or test that none are added.
var words = []string{
	"", "plain", "/run/a.sock", "a b", "it's", `"q"`, "$HOME", "`ls`", "$(ls)", `back\slash`, "new\nline\n", "tab\t", "a,b,,c", ",",
	"*?[x]", "~", "~root", "#c", "a#c", "=ls", "!!", "{a,b}", "a;b&c|d", "<>()", "\xff\xfe", "ünicode", "\x1b[31m", "-n", "col:on", "%41",
}

func TestShellReadsTheWord(t *testing.T) {
	for _, word := range words {
		out, err := exec.Command("sh", "-c", "printf '%s|' "+Shell(word)).Output()
		require.NoError(t, err, word)
		assert.Equal(t, word+"|", string(out))
	}
	assert.Equal(t, "/run/a.sock,mode=0660", Shell("/run/a.sock,mode=0660"), "a word without special characters has no quotes")
}

func TestFstabReadsTheField(t *testing.T) {
	octal := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`, `\043`, "#") // as getmntent(3) does
	for _, word := range words {
		field := Fstab(word)
		assert.NotContains(t, field, "\n")
		assert.LessOrEqual(t, len(strings.Fields(field)), 1, "one field")
		assert.Equal(t, word, octal.Replace(field))
	}
}

func TestQEMUReadsTheValue(t *testing.T) {
	for _, word := range words {
		value := QEMU(word)
		assert.NotContains(t, strings.ReplaceAll(value, ",,", ""), ",", "no comma begins another option")
		assert.Equal(t, word, strings.ReplaceAll(value, ",,", ","))
	}
}
