package tests

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/need"
)

// wholeRun is a simulated machine for tests/run. It has every program that tests/run wants,
// except qemu-system-x86_64. The programs only print their names and arguments.
type wholeRun struct {
	t   *testing.T
	bin string
	env []string
}

// newWholeRun returns a machine where the current user has this user ID.
func newWholeRun(t *testing.T, uid string) wholeRun {
	t.Helper()
	dir := t.TempDir()
	r := wholeRun{t, filepath.Join(dir, "bin"), append(os.Environ(), "PATH="+filepath.Join(dir, "bin"), "XDG_CACHE_HOME="+dir)}
	for _, tool := range []string{"bash", "cut", "dirname", "env", "grep", "head", "ldd", "sed", "tail"} {
		path, err := exec.LookPath(tool)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(r.bin, 0o755))
		require.NoError(t, os.Symlink(path, filepath.Join(r.bin, tool)))
	}
	for _, program := range append(neededPrograms(t), "apt-get", "go") {
		r.install(filepath.Join(r.bin, program), "echo "+program+` "$@"`)
	}
	require.NoError(t, os.Remove(filepath.Join(r.bin, "qemu-system-x86_64")))
	r.install(filepath.Join(r.bin, "gofmt"), "exit 0") // lists no file that needs formatting
	r.install(filepath.Join(r.bin, "id"), "echo "+uid)
	for _, file := range []string{"bin/editinacme", "kernel-6.1/vmlinuz", "kernel-6.1/build/Makefile", "kernel-6.12/vmlinuz", "kernel-7.2/vmlinuz", "qemu/qemu-system-x86_64"} {
		r.install(filepath.Join(dir, "fullex", file), "exit 0")
	}
	return r
}

// neededPrograms returns the names of the programs that tests/run installs.
func neededPrograms(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile("run")
	require.NoError(t, err)
	for _, need := range regexp.MustCompile(`(?m)^\tneed (\S+) `).FindAllStringSubmatch(string(text), -1) {
		names = append(names, need[1])
	}
	return names
}

// install makes a program of a line of shell.
func (r wholeRun) install(path, script string) {
	r.t.Helper()
	require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(r.t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

// run runs a command with an input and returns what it prints, on both outputs.
func (r wholeRun) run(stdin string, args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), args[0], args[1:]...)
	cmd.Env, cmd.Stdin = r.env, strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(r.t, cmd.Run(), out.String())
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

// atTerminal is run for a command on a terminal, where the user types.
func (r wholeRun) atTerminal(typed string, command string) string {
	r.t.Helper()
	script, err := exec.LookPath("script")
	if err != nil {
		need.Skip(r.t, "no script on this machine (Debian package bsdutils)")
	}
	return r.run(typed, script, "-qec", command, "/dev/null")
}

const (
	question    = "Get these now? [y/N] "
	missingQEMU = "missing: qemu-system-x86_64 (Debian package qemu-system-x86)\n"
	installQEMU = "apt-get -qq -y --no-install-recommends install qemu-system-x86"
)

// needDebian skips a test on machines where tests/run installs nothing.
func needDebian(t *testing.T) {
	t.Helper()
	_, err := os.Stat("/etc/debian_version")
	if err != nil {
		need.Skip(t, "tests/run installs only on Debian, which this machine does not run")
	}
}

func TestWholeRunAsksOnATerminalBeforeItInstalls(t *testing.T) {
	needDebian(t)
	for _, test := range []struct {
		name, typed string
		installs    bool
	}{
		{"yes", "y\n", true}, {"no", "n\n", false}, {"an empty line", "\n", false}, {"the end of the input", "\x04", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newWholeRun(t, "0")
			log := filepath.Join(t.TempDir(), "log")
			r.install(filepath.Join(r.bin, "apt-get"), `echo apt-get "$@" >>`+log)
			out := r.atTerminal(test.typed, "./run")
			assert.Contains(t, out, "  qemu-system-x86_64 (Debian package qemu-system-x86)\n")
			assert.Contains(t, out, question)
			assert.Equal(t, !test.installs, strings.Contains(out, missingQEMU), out)
			assert.Contains(t, out, "\ngo test ", "tests/run continues")
			installed, err := os.ReadFile(log)
			assert.Equal(t, test.installs, err == nil)
			assert.Equal(t, test.installs, strings.Contains(string(installed), installQEMU))
		})
	}
}

func TestWholeRunInstallsWithoutATerminal(t *testing.T) {
	needDebian(t)
	r := newWholeRun(t, "0")
	log := filepath.Join(t.TempDir(), "log")
	r.install(filepath.Join(r.bin, "apt-get"), `echo apt-get "$@" >>`+log)
	out := r.run("", "./run")
	assert.NotContains(t, out, question)
	assert.Contains(t, out, "\ngo test ")
	installed, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(installed), installQEMU)
}

func TestWholeRunDoesNotAskIfNothingIsMissing(t *testing.T) {
	r := newWholeRun(t, "0")
	assert.NotContains(t, r.atTerminal("", "./run -short"), question)
	for _, file := range []string{"/bin/busybox", "/usr/lib/*/libelf.so.1"} {
		if found, _ := filepath.Glob(file); len(found) == 0 {
			need.Skip(t, "no %s on this machine (tests/run installs it)", file)
		}
	}
	r.install(filepath.Join(r.bin, "qemu-system-x86_64"), "exit 0")
	assert.NotContains(t, r.atTerminal("", "./run"), question)
}

func TestWholeRunDoesNotAskAUserWhoMayNotInstall(t *testing.T) {
	r := newWholeRun(t, "1000")
	out := r.atTerminal("", "./run")
	assert.NotContains(t, out, question)
	assert.Contains(t, out, missingQEMU)
	assert.Contains(t, out, "\ngo test ")
}

func TestWholeRunPrintsItsHelp(t *testing.T) {
	r := newWholeRun(t, "1000")
	out := r.run("", "./run", "-h")
	assert.Regexp(t, `^Runs all tests\.`, out)
	assert.NotContains(t, out, "#")
	for _, flag := range []string{"-short", "-long", "-h"} {
		assert.Contains(t, out, "  tests/run "+flag+" ")
	}
}

func TestAllTextsGiveTheSameTimeForAWholeRun(t *testing.T) {
	about := regexp.MustCompile(`about \d+ minutes on two processors`)
	said := map[string]bool{}
	for _, file := range []string{"run", "../.github/CONTRIBUTING.md"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		found := about.FindAllString(string(text), -1)
		assert.NotEmpty(t, found, file)
		for _, words := range found {
			said[words] = true
		}
	}
	assert.Len(t, said, 1)
}
