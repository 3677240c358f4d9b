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

// asStranger makes a command run as the stranger. The stranger cannot enter the directory of
// this program, but can run /proc/self/exe.
func asStranger(cmd *exec.Cmd) *exec.Cmd {
	cmd.Path = "/proc/self/exe"
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: need.Stranger, Gid: need.Stranger}}
	return cmd
}

// sharedDir makes a directory that every user can reach.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	return dir
}

// strangersDir makes a directory that belongs to the stranger. Its name has characters that
// mean something in endpoints and in mount options.
func strangersDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(sharedDir(t), "axis=1,os=linux\n[x]")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chown(dir, need.Stranger, need.Stranger))
	return dir
}
