package check

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCallsAreFormattedAsByStrace(t *testing.T) {
	for in, want := range map[string]string{
		"":                      `""`,
		"\x03\x00\x00\x00":      `"\3\0\0\0"`,
		"\x037":                 `"\0037"`,
		"\xff\xfe":              `"\377\376"`,
		"a\"\\\n\t\r":           `"a\"\\\n\t\r"`,
		strings.Repeat("x", 33): `"` + strings.Repeat("x", 32) + `"...`,
	} {
		assert.Equal(t, want, quoted([]byte(in)))
	}
	assert.Equal(t, "O_RDWR|O_CREAT|O_TRUNC", flagNames(os.O_RDWR|os.O_CREATE|os.O_TRUNC))
	assert.Equal(t, "O_RDONLY", flagNames(os.O_RDONLY))
	assert.Equal(t, "-1 EACCES (Permission denied)", returned(0, syscall.EACCES))
	assert.Equal(t, "? (EOF)", returned(0, io.EOF))
}

func TestLongTraceKeepsTheFirstAndTheLastCalls(t *testing.T) {
	var tr trace
	for i := range 1000 {
		tr.end(tr.begin("read", "read(%d", i), ") = 4")
	}
	tr.begin("close", "close(3")
	lines := tr.lines()
	assert.Len(t, lines, firstCalls+1+lastCalls)
	assert.Equal(t, "read(0) = 4", lines[0])
	assert.Equal(t, "... 949 calls that are not shown ...", lines[firstCalls])
	assert.Equal(t, "read(999) = 4", lines[len(lines)-2])
	assert.Equal(t, "close(3 <unfinished ...>", lines[len(lines)-1])
	name, total := tr.waiting(0)
	assert.Equal(t, "close", name)
	assert.Equal(t, 1001, total)
	name, _ = tr.waiting(time.Hour)
	assert.Empty(t, name)
}
