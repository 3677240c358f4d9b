package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/need"
)

// serveByDefault runs serve without an endpoint, in a network namespace of its own, where
// the default port is free. It calls use while the server serves, and then ends it. It
// returns what the server printed.
func serveByDefault(t *testing.T, cmd *exec.Cmd, use func()) (stdout, stderr string) {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	listens := newLineWatch("mount it")
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = listens, &errs
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-listens.seen:
	case err := <-ended:
		require.FailNow(t, "the server has ended", "%v: %s", err, errs.String())
	}
	use()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-ended, errs.String())
	return listens.text.String(), errs.String()
}

func TestServeWithoutARuntimeDirectoryServesTCP(t *testing.T) {
	need.Root(t)
	rootsOwn, unwritable := sharedDir(t), strangersDir(t)
	require.NoError(t, os.Chmod(unwritable, 0o500))
	for name, test := range map[string]struct{ dir, why string }{
		"not set":         {"", "XDG_RUNTIME_DIR is not set"},
		"missing":         {"/nosuch/dir", "no such file or directory"},
		"of another user": {rootsOwn, "is not a directory of user 65534"},
		"not a directory": {"/dev/null", "is not a directory of user 65534"},
		"relative":        {"run", "want an absolute path"},
		"not writable":    {unwritable, "permission denied"},
		"too long":        {"/" + strings.Repeat("x", 300), "file name too long"},
		"in /proc":        {"/proc/self", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := asStranger(command(t, "serve"))
			cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+test.dir)
			stdout, stderr := serveByDefault(t, cmd, func() {})
			assert.Equal(t, 1, strings.Count(stdout, "listening on "), stdout)
			assert.Contains(t, stdout, "listening on tcp:127.0.0.1:5640\n")
			lines := strings.SplitAfter(stderr, "\n")
			assert.Contains(t, lines[0], "serving tcp:127.0.0.1:5640 only, over which nobody may load or unload modules")
			assert.Contains(t, lines[0], test.why)
			assert.NotContains(t, strings.Join(lines[1:], ""), "level=WARN", "there is one warning")
		})
	}
}

func TestServeAndClientsMeetInAnyRuntimeDirectory(t *testing.T) {
	need.Root(t)
	long := filepath.Join(strangersDir(t), strings.Repeat("long/", 40))
	unreadable := filepath.Join(filepath.Dir(strangersDir(t)), "unreadable\xff")
	for dir, mode := range map[string]os.FileMode{strangersDir(t): 0o700, long: 0o700, unreadable: 0o300} {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.Chown(dir, need.Stranger, need.Stranger))
		require.NoError(t, os.Chmod(dir, mode))
		environ := "XDG_RUNTIME_DIR=" + dir
		serve := asStranger(command(t, "serve"))
		serve.Env = append(serve.Env, environ)
		_, stderr := serveByDefault(t, serve, func() {
			client := asStranger(command(t, "lsmod"))
			client.Env = append(client.Env, environ)
			out, err := client.CombinedOutput()
			require.NoError(t, err, string(out))
			assert.Contains(t, string(out), "full_ex")
			second := asStranger(command(t, "serve"))
			second.Env = append(second.Env, environ)
			out, err = second.CombinedOutput()
			assert.Error(t, err, "exit status not 0")
			assert.Contains(t, string(out), "a server answers there already")
			assert.NotContains(t, string(out), "listening")
		})
		assert.NotContains(t, stderr, "level=WARN")
		assert.NoFileExists(t, filepath.Join(dir, "fullex.sock"))
	}
}

func TestDefaultSocketIsInADirectoryOfTheUser(t *testing.T) {
	need.Root(t)
	dir := strangersDir(t)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	path, err := socketPath(need.Stranger)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "fullex.sock"), path)
	path, err = socketPath(0)
	require.NoError(t, err)
	assert.Equal(t, "/run/fullex/fullex.sock", path, "root's socket is not in XDG_RUNTIME_DIR")
	_, err = socketPath(4_000_000)
	assert.ErrorContains(t, err, "is not a directory of user 4000000")
	t.Setenv("XDG_RUNTIME_DIR", "")
	_, err = socketPath(4_000_000)
	assert.Error(t, err, "a user without a directory has no socket")
}
