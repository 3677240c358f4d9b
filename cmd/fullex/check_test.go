package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/check"
)

func TestCheckPassesOnASoundServer(t *testing.T) {
	endpoint, srv := serveHere(t)
	out, errs, err := run("", "check", "--seed", "5", "--sessions", "10", endpoint)
	require.NoError(t, err, out)
	assert.Empty(t, errs)
	assert.Contains(t, out, endpoint+": --profile fixed --seed 5 --sessions 10\n")
	assert.Regexp(t, `(?m)^ok +write\.full `, out)
	assert.Regexp(t, `(?m)^skipped +fork\.own .*\n +skipped, because over 9P `, out)
	assert.Contains(t, out, " passed, 0 failed, ")
	assert.NotContains(t, out, "\x1b")
	assert.Zero(t, srv.Kernel.Sessions())

	out, _, err = run("", "check", "--format", "json", "--only", "write.", "--skip", "write.full", "--door", "pid", endpoint)
	require.NoError(t, err)
	var results check.Results
	require.NoError(t, json.Unmarshal([]byte(out), &results))
	assert.Equal(t, endpoint, results.Target)
	assert.NotZero(t, results.Seed, "one that can be repeated")
	for _, c := range results.Cases {
		assert.True(t, strings.HasPrefix(c.ID, "write.") && c.ID != "write.full", c.ID)
		assert.Contains(t, c.Calls[0], "/pid/")
	}
}

// TestFailedCheckSaysHowItIsRepeated with the same flags, unless they name hidden cases.
func TestFailedCheckSaysHowItIsRepeated(t *testing.T) {
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
		assert.Len(t, results.Cases, len(check.Cases()))
		for _, c := range results.Cases {
			assert.False(t, c.ID == "open.new" || strings.HasPrefix(c.ID, "write."), c.ID)
		}
	}
}

func TestCheckListsCases(t *testing.T) {
	out, _, err := run("", "check", "--list")
	require.NoError(t, err)
	assert.Equal(t, len(check.Cases())+1, strings.Count(out, "\n"))
	assert.Regexp(t, `(?m)^open\.twice +3 +a second open .* open \| this client has one open \| EACCES`, out)
	out, _, err = run("", "check", "--list", "--only", "kill.")
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(out, "\n"))
}

func TestCheckThatCannotRunSaysWhy(t *testing.T) {
	endpoint, _ := serveHere(t)
	dir := t.TempDir()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"/nosuch"}, "/nosuch: no such file or directory; want an endpoint"},
		{[]string{"unix:/nosuch"}, "is fullex serve running there?"},
		{[]string{dir}, "no device: stat " + filepath.Join(dir, "full_ex") + ": no such file"},
		{[]string{"--format", "nope", endpoint}, "--format nope: want human, ktap, junit, json, gradescope"},
		{[]string{"--profile", "nope", endpoint}, "--profile nope: want fixed, module"},
		{[]string{"--door", "nope", endpoint}, "--door nope: want plain, each, pid"},
		{[]string{"--only", "nope", endpoint}, "--only nope: no such case (see --list)"},
		{[]string{"--hide", "wrte.full", endpoint}, "--hide wrte.full: no such case (see --list), did you mean write.full?"},
		{[]string{"--timeout", "0s", endpoint}, "--timeout 0s: want a time above 0"},
		{[]string{"--sessions", "0", endpoint}, "--sessions 0: want a number above 0"},
		{[]string{"--nosuch", endpoint}, "nosuch"},
		{[]string{endpoint, "more"}, `unexpected argument "more"`},
		{[]string{"--only", "open.each", endpoint}, "check: every case was skipped"},
	} {
		_, _, err := run("", append([]string{"check"}, test.args...)...)
		if assert.Error(t, err, test.args) {
			assert.Contains(t, err.Error(), test.want)
			assert.NotContains(t, err.Error(), "\n")
			status, _ := ending(err)
			assert.Equal(t, check.ExitNotRun, status, test.args)
		}
	}
}

// TestCheckOfOrdinaryFileFails checks what is no device, in real processes.
func TestCheckOfOrdinaryFileFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "full_ex")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	cmd := command(t, "check", "--only", "open.", "--only", "read.", file)
	out, err := cmd.Output()
	var ended *exec.ExitError
	require.True(t, errors.As(err, &ended), "%v: %s", err, out)
	assert.Equal(t, check.ExitFailed, ended.ExitCode())
	assert.Regexp(t, `^fullex: check: \d+ of \d+ cases failed\n$`, string(ended.Stderr))
	assert.Contains(t, string(out), "read on a new session returned 0, must fail with EACCES")
	assert.Contains(t, string(out), `open("`+file+`", O_RDWR) = 3`)
}
