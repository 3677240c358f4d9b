package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/tests/need"
)

// asStranger makes a command the stranger's, who may not look into the directory of
// this program.
func asStranger(cmd *exec.Cmd) *exec.Cmd {
	cmd.Path = "/proc/self/exe"
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: need.Stranger, Gid: need.Stranger}}
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
	require.NoError(t, os.Chown(dir, need.Stranger, need.Stranger))
	return dir
}
