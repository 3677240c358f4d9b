package contract

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestREADMEHasTheRows compares the table in README.md with all rows but the last three.
func TestREADMEHasTheRows(t *testing.T) {
	var calls []string
	for _, r := range Rows {
		errno, _, _ := strings.Cut(strings.ReplaceAll(r.Result, ";", ","), ",")
		assert.Equal(t, r.Errno != 0, errno == ErrnoName(r.Errno), "%s", r)
		if r != RowShared && r != RowReply && r != RowFile {
			calls = append(calls, r.String())
		}
	}
	assert.Equal(t, calls, readmeRows(t))
}

// readmeRows returns the lines of the first table in the section "The device" of
// README.md.
func readmeRows(t *testing.T) (rows []string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, section, ok := strings.Cut(string(text), "\n## The device\n")
	require.True(t, ok)
	_, table, ok := strings.Cut(section, "\n|---|---|---|\n")
	require.True(t, ok)
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		rows = append(rows, strings.Trim(strings.TrimSpace(line), "| "))
	}
	require.Greater(t, len(rows), 10)
	return rows
}
