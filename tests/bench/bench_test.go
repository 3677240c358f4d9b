package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/need"
)

// TestEveryPartRuns builds this program and runs its parts with small sizes and with every
// server that is installed. It does not check the numbers.
func TestEveryPartRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute; run without -short")
	}
	bench := filepath.Join(t.TempDir(), "bench")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bench, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.CommandContext(t.Context(), bench, "--write", "--quick").Output()
	require.NoError(t, err, "%s", out)
	for _, p := range parts {
		_, section, ok := strings.Cut(string(out), "\n## "+p.title+"\n\n`go run ./tests/bench")
		require.True(t, ok, "%s: %s", p.title, out)
		section, _, _ = strings.Cut(section, "\n## ")
		for _, sign := range []string{"not measured", "no guest"} {
			if strings.Contains(section, sign) {
				t.Run(p.title, func(t *testing.T) { need.Skip(t, "%s", section) })
			}
		}
		assert.Regexp(t, "(?s)```\n.*[0-9]\\]?\n```\n|not measured|no guest", section)
	}
	out, err = exec.CommandContext(t.Context(), bench, "memory", "--quick", "--json").Output()
	require.NoError(t, err, "%s", out)
	var r struct{ Results []memoryResult }
	require.NoError(t, json.Unmarshal(out, &r))
	assert.Len(t, r.Results, 1)
}

func TestSectionHasTableAndRemarks(t *testing.T) {
	var b strings.Builder
	parts[1].writeSection(&b, "\na table\n\n", report{Notes: []string{"n"}, Missed: []string{"m"}}.remarks())
	want := "\n## Idle connections\n\n`go run ./tests/bench memory`\n\n```\na table\n```\n\n- note: n\n- missed: m\n"
	assert.Equal(t, want, b.String())
}

func TestBadFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"--cells", "1"}, {"--servers", "nobody"}, {"--runs", "0"}, {"--time", "0s"}, {"surplus"},
		{"memory", "--conns", "0"}, {"memory", "--msizes", "many"}, {"memory", "--conns", "1000000000"},
		{"scale", "--cycles", "1"}, {"scale", "--cycles", "5000000"}, {"scale", "--sessions", "0"},
		{"fuse", "--runs", "0"}, {"trace", "--time", "0s"}, {"upgrade", "-n", "0"},
	} {
		assert.Error(t, newApp(t.Output(), t.Output()).Run(append([]string{"bench"}, args...)), "%v", args)
	}
}
