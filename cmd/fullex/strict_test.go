package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/strict"
)

func TestGuideHasEachRule(t *testing.T) {
	guide, err := os.ReadFile("doc/strict.md")
	require.NoError(t, err)
	var want, rows []string
	for _, r := range strict.Rules() {
		severity := "sin"
		if r.Note {
			severity = "note"
		}
		want = append(want, "| "+strings.Join([]string{"`" + r.Name + "`", severity, r.Broken, r.Says, r.Source}, " | ")+" |")
	}
	for line := range strings.Lines(string(guide)) {
		if strings.HasPrefix(line, "| `") && strings.Count(line, "|") == 6 {
			rows = append(rows, strings.TrimSuffix(line, "\n"))
		}
	}
	assert.Equal(t, want, rows)
}
