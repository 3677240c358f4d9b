package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/need"
)

func TestHelpIsPrinted(t *testing.T) {
	for _, args := range [][]string{{}, {"help"}, {"--help"}, {"-h"}, {"help", "check"}, {"check", "--help"}, {"help", "help"}} {
		out, errs, err := run("", args...)
		assert.NoError(t, err, "%v", args)
		assert.Contains(t, out, "USAGE:", "%v", args)
		assert.Empty(t, errs, "%v", args)
	}
	out, _, err := run("", "help")
	require.NoError(t, err)
	for _, c := range newApp(nil, nil, nil).Commands {
		assert.Equal(t, !c.Hidden, strings.Contains(out, "     "+c.Name), c.Name)
	}
}

func TestNearestWordIsNamed(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"chek"}, `no command "chek", did you mean "check"? (see fullex --help)`},
		{[]string{"help", "mont"}, `no command "mont", did you mean "mount"? (see fullex --help)`},
		{[]string{"serve", "--listn", "x"}, `no flag --listn, did you mean "--listen"? (see fullex serve --help)`},
		{[]string{"--vrsion"}, `no flag --vrsion, did you mean "--version"? (see fullex --help)`},
		{[]string{"help", "a", "b"}, `help: unexpected argument "b", want [COMMAND] (flags come first)`},
		{[]string{"completion"}, "completion: want bash|zsh|fish"},
		{[]string{"completion", "ksh"}, `completion: no shell "ksh", want bash|zsh|fish`},
		{[]string{"man", "x"}, `man: unexpected argument "x" (see fullex man --help)`},
	} {
		out, _, err := run("", test.args...)
		assert.EqualError(t, err, test.want)
		assert.Empty(t, out, "%v", test.args)
	}
}

func TestManualPageHasEveryCommand(t *testing.T) {
	out, _, err := run("", "man")
	require.NoError(t, err)
	assert.Contains(t, out, ".TH fullex 8")
	for _, c := range newApp(nil, nil, nil).Commands {
		assert.Equal(t, !c.Hidden, strings.Contains(out, "\n.SH "+c.Name+"\n") || strings.Contains(out, "\n.SH "+c.Name+", "), c.Name)
	}
}

// completes has bash complete a line by what completion prints.
const completes = `source /dev/stdin; PATH=$1:$PATH; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fullex; echo "${COMPREPLY[@]}"`

func TestBashCompletesCommandsAndFlags(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		need.Skip(t, "no bash on this machine")
	}
	script, _, err := run("", "completion", "bash")
	require.NoError(t, err)
	dir := t.TempDir() // where fullex is
	require.NoError(t, os.Symlink(os.Args[0], filepath.Join(dir, "fullex")))
	for line, want := range map[string]string{
		"fullex se":         "serve sessions",
		"fullex serve --li": "--listen --list-faults",
		"fullex umo":        "umount",
	} {
		cmd := exec.CommandContext(t.Context(), "bash", append([]string{"-c", completes, "bash", dir}, strings.Fields(line)...)...)
		cmd.Env = append(os.Environ(), "FULLEX_TEST_AS_COMMAND=1")
		cmd.Stdin = strings.NewReader(script)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Equal(t, want, strings.TrimSpace(string(out)), line)
	}
}
