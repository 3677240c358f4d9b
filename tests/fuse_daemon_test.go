//go:build linux

package tests

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv"
	"fullex/tests/need"
)

// starter returns a command that mounts in the background. Its process and the mount's have
// mark in their environment.
func starter(t *testing.T, args ...string) (cmd *exec.Cmd, mark string) {
	t.Helper()
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		need.Skip(t, "no FUSE for this user: %v", err)
	}
	require.NoError(t, device.Close())
	path, err := fullexCommand()
	require.NoError(t, err)
	mark = "FULLEX_TEST_STARTER=" + t.TempDir()
	cmd = exec.CommandContext(t.Context(), path, append([]string{"mount", "--daemon"}, args...)...)
	cmd.Env = append(os.Environ(), mark)
	return cmd, mark
}

// marked returns the processes with mark in their environment. Zombies have no environment.
func marked(t *testing.T, mark string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, file := range files {
		text, _ := os.ReadFile(file) // fails if the process has ended
		if bytes.Contains(text, []byte(mark+"\x00")) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// endDaemon ends a mount in the background and waits until its process has ended.
func endDaemon(t *testing.T, cmd *exec.Cmd, mark, dir string) {
	t.Helper()
	out, err := exec.Command(cmd.Path, "umount", dir).CombinedOutput()
	assert.NoError(t, err, string(out))
	eventually(t, "the process has ended", func() bool { return len(marked(t, mark)) == 0 })
}

// TestMountInTheBackgroundKeepsNothingBusy: the mount's process uses neither the directory nor
// the descriptors that it was started with.
func TestMountInTheBackgroundKeepsNothingBusy(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount the file system that could be busy")
	}
	busy, dir := t.TempDir(), t.TempDir()
	require.NoError(t, unix.Mount("busy", busy, "tmpfs", 0, ""))
	t.Cleanup(func() { _ = unix.Unmount(busy, unix.MNT_DETACH) }) // fails if the test has unmounted it
	cmd, mark := starter(t, dir)
	cmd.Dir = busy
	var files []*os.File
	for i := range 5 {
		f, err := os.Create(filepath.Join(busy, fmt.Sprint(i)))
		require.NoError(t, err)
		files = append(files, f)
	}
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = files[0], files[1], files[2], append(files[3:], w)
	require.NoError(t, cmd.Run())
	for _, f := range append(files, w) {
		require.NoError(t, f.Close())
	}
	assert.NoError(t, unix.Unmount(busy, 0))
	said, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Empty(t, said, "only the end of the pipe is read")
	pids := marked(t, mark)
	require.Len(t, pids, 1)
	session, err := unix.Getsid(pids[0])
	require.NoError(t, err)
	assert.Equal(t, pids[0], session, "a session of its own")
	endDaemon(t, cmd, mark, dir)
}

// TestMountInTheBackgroundUnderstandsRelativePaths: the mount's process runs in another
// directory than its starter. The name of the starter's directory has a comma.
func TestMountInTheBackgroundUnderstandsRelativePaths(t *testing.T) {
	home, err := os.MkdirTemp("", "a,b") // t.TempDir is too long for the path of a socket
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(home)) })
	dir := filepath.Join(home, "mount")
	require.NoError(t, os.Mkdir(dir, 0o755))
	cmd, mark := starter(t, "--reconnect", "unix:socket", "mount")
	cmd.Dir = home
	first := serveAt(t, filepath.Join(home, "socket"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Empty(t, string(out))
	answers := func() bool {
		_, err := os.Stat(filepath.Join(dir, "full_ex"))
		return err == nil
	}
	assert.True(t, answers())
	require.NoError(t, first.Close())
	eventually(t, "the server is gone", func() bool { return !answers() })
	serveAt(t, filepath.Join(home, "socket"))
	eventually(t, "the server is back", answers)
	endDaemon(t, cmd, mark, dir)
}

// serveAt serves at a path until the server is closed or the test ends.
func serveAt(t *testing.T, path string) *p9srv.Server {
	t.Helper()
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	srv := &p9srv.Server{}
	serveOn(t, srv, l)
	return srv
}

// TestMountInTheBackgroundEndsIfItsStarterIsKilled: a user who stops waiting for a mount does
// not get it later.
func TestMountInTheBackgroundEndsIfItsStarterIsKilled(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, l.Close()) }()
	dir := t.TempDir()
	cmd, mark := starter(t, "unix:"+l.Addr().String(), dir)
	require.NoError(t, cmd.Start())
	conn, err := l.Accept() // and never answer
	require.NoError(t, err)
	assert.Len(t, marked(t, mark), 2)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	_, err = io.Copy(io.Discard, conn)
	assert.NoError(t, err, "the other end is closed")
	require.NoError(t, conn.Close())
	eventually(t, "the process has ended", func() bool { return len(marked(t, mark)) == 0 })
	assert.NotContains(t, mountInfo(t), dir)
}
