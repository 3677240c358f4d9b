package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// stranger is a user without any right.
const stranger = 65534

// needRoot skips a test that only root can make.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("FULLEX_REQUIRE_ALL") == "1" {
		t.Fatal("only root can be another user")
	}
	t.Skip("only root can be another user")
}

// asStranger makes a command the stranger's, who may not look into the directory of
// this program.
func asStranger(cmd *exec.Cmd) *exec.Cmd {
	cmd.Path = "/proc/self/exe"
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	return cmd
}

// sharedDir makes a directory to which every user gets.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	return dir
}

// strangersDir makes a directory of the stranger, with a name that would mean
// something to a grammar.
func strangersDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(sharedDir(t), "axis=1,os=linux\n[x]")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chown(dir, stranger, stranger))
	return dir
}
