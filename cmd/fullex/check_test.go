package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/check"
	"fullex/device/contract"
)

// TestFailedCheckPrintsHowToRepeatIt wants the same flags, without those that could name
// hidden cases.
func TestFailedCheckPrintsHowToRepeatIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "full_ex")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	for flag, want := range map[string]string{
		"--timeout=9s": "fullex check --profile fixed --seed 7 --sessions 50 --timeout=9s --only open.new " + file,
		"--hide=open.": "fullex check --profile fixed --seed 7 --sessions 50 " + file,
	} {
		for _, format := range check.Formats {
			out, err := command(t, "check", "--seed", "7", "--only", "open.new", flag, "--format", format, file).Output()
			assert.Equal(t, check.ExitFailed, statusOf(t, err), format)
			assert.Contains(t, string(out), want, format)
		}
	}
}

func TestWrongUseNamesNoHiddenCases(t *testing.T) {
	for _, args := range [][]string{
		{"--hide", "open.new", "--hide=write.", "--format", "json", "--nosuch"},
		{"--hide", "open.new", "--hide=write.", "--format", "json", "--timeout", "0s"},
		{"--hide", "open.new", "--hide=write.", "--format", "json", "unix:/nosuch"},
	} {
		out, _, err := run("", append([]string{"check"}, args...)...)
		require.Error(t, err)
		var results check.Results
		require.NoError(t, json.Unmarshal([]byte(out), &results))
		assert.Len(t, results.Cases, len(check.Cases(contract.Of(contract.Fixed))))
		for _, c := range results.Cases {
			assert.False(t, c.ID == "open.new" || strings.HasPrefix(c.ID, "write."), c.ID)
		}
	}
}

func TestCheckListsEveryCase(t *testing.T) {
	out, _, err := run("", "check", "--list")
	require.NoError(t, err)
	assert.Equal(t, len(check.Cases(contract.Of(contract.Fixed)))+1, strings.Count(out, "\n"))
}
