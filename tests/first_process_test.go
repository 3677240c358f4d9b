//go:build linux

package tests

import (
	"bytes"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/tests/need"
)

// TestFirstProcessReapsOrphans runs commands as the first process of a pid namespace, as in a
// container. That process becomes the parent of orphans. It ends by the usual signals with
// the usual exit status.
func TestFirstProcessReapsOrphans(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a pid namespace")
	}
	path, err := fullexCommand()
	require.NoError(t, err)
	target := "unix:" + filepath.Join(t.TempDir(), "target")
	serveAt(t, target[len("unix:"):])
	for _, c := range []struct {
		name   string
		args   []string
		signal syscall.Signal // ends the command; 0: the end of its input does
		status int
		fuse   bool
	}{
		{"serve", []string{"serve", "--listen", "unix:" + filepath.Join(t.TempDir(), "s")}, syscall.SIGTERM, 0, false},
		{"trace", []string{"trace", "--listen", "unix:" + filepath.Join(t.TempDir(), "s"), target}, syscall.SIGINT, 0, false},
		{"mount", []string{"mount", t.TempDir()}, syscall.SIGTERM, 0, true},
		{"run", []string{"run", "--", "sh", "-c", "echo begun; read line; exit 7"}, 0, 7, false},
		{"run ended by a signal", []string{"run", "--fuse", "--", "sh", "-c", "echo begun; read line"}, syscall.SIGTERM, 128 + 15, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := os.Stat("/dev/fuse"); c.fuse && err != nil {
				need.Skip(t, "no FUSE on this machine: %v", err)
			}
			cmd := exec.CommandContext(t.Context(), path, c.args...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
			in := startFirst(t, cmd)
			adoptAndReap(t, cmd.Process.Pid)
			if c.signal != 0 {
				require.NoError(t, cmd.Process.Signal(c.signal))
			} else {
				require.NoError(t, in.Close())
			}
			_ = cmd.Wait() // its error repeats the status
			assert.Equal(t, c.status, cmd.ProcessState.ExitCode())
		})
	}
}

// startFirst starts a command and waits until it has printed something.
func startFirst(t *testing.T, cmd *exec.Cmd) (in io.WriteCloser) {
	t.Helper()
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() }) // nothing to flush
	cmd.Stdout, cmd.Stderr = w, w
	require.NoError(t, cmd.Start())
	require.NoError(t, w.Close())
	_, err = r.Read(make([]byte, 1))
	require.NoError(t, err)
	return in
}

// adoptAndReap makes three orphans in the pid namespace of a first process, as docker exec
// may. It waits until the first process has adopted and reaped them.
func adoptAndReap(t *testing.T, first int) {
	t.Helper()
	own := children(t, first)
	var orphans []io.Closer
	for range 3 {
		orphans = append(orphans, startOrphan(t, first))
	}
	eventually(t, "the orphans are adopted", func() bool { return len(children(t, first)) == len(own)+3 })
	for _, o := range orphans {
		require.NoError(t, o.Close())
	}
	eventually(t, "the orphans are reaped", func() bool { return maps.Equal(children(t, first), own) })
}

// startOrphan starts a process in the pid namespace of the process first. The new process
// loses its parent at once. It ends when end is closed.
func startOrphan(t *testing.T, first int) (end io.Closer) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	pidfd, err := unix.PidfdOpen(first, 0)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: Setns is for children of this thread only
		if err := unix.Setns(pidfd, unix.CLONE_NEWPID); err != nil {
			done <- err
			return
		}
		cmd := exec.Command("sh", "-c", "cat <&3 >/dev/null &")
		cmd.ExtraFiles = []*os.File{r}
		done <- cmd.Run()
	}()
	require.NoError(t, <-done)
	require.NoError(t, unix.Close(pidfd))
	require.NoError(t, r.Close())
	return w
}

// children returns the pids of a process's children, including zombies (proc(5),
// /proc/PID/stat).
func children(t *testing.T, parent int) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	found := make(map[string]bool)
	for _, file := range files {
		text, _ := os.ReadFile(file) // fails if the process has ended
		_, after, _ := bytes.Cut(text, []byte(") "))
		if fields := bytes.Fields(after); len(fields) > 1 && string(fields[1]) == strconv.Itoa(parent) {
			found[filepath.Base(filepath.Dir(file))] = true
		}
	}
	return found
}
