package main

import (
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersionNamesReleaseAndGo(t *testing.T) {
	out, errs, err := run("", "--version")
	require.NoError(t, err)
	assert.Empty(t, errs)
	assert.Regexp(t, `^fullex \d+\.\d+\.\d+ \((.+, )?`+regexp.QuoteMeta(runtime.Version())+`\)\n$`, out)
	assert.True(t, strings.HasPrefix(out, "fullex "+strings.TrimSpace(release)+" "), out)
}

func TestVersionHasWhatTheBuildStampKnows(t *testing.T) {
	commit := []debug.BuildSetting{
		{Key: "vcs.revision", Value: "a0d72d129c4a9e4a6b44dd204979e7faa5658545"},
		{Key: "vcs.time", Value: "2026-11-30T20:34:00Z"},
	}
	for _, test := range []struct {
		name     string
		settings []debug.BuildSetting
		want     string
	}{
		{"no commit", nil, "0.3.0 (go1.26.8)"},
		{"a commit", append(commit, debug.BuildSetting{Key: "vcs.modified", Value: "false"}), "0.3.0 (a0d72d1, 2026-11-30, go1.26.8)"},
		{"changed files", append(commit, debug.BuildSetting{Key: "vcs.modified", Value: "true"}), "0.3.0 (a0d72d1, 2026-11-30, modified, go1.26.8)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := stamped("0.3.0", &debug.BuildInfo{GoVersion: "go1.26.8", Settings: test.settings})
			assert.Equal(t, test.want, got)
		})
	}
}
