package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// marker is the environment variable by which a test finds all processes of its
// own runs.
const marker = "FULLEX_TEST_MARKER"

// runs are the runs of a test, which have their places in dir.
type runs struct {
	t    *testing.T
	dir  string
	mark string
}

func newRuns(t *testing.T) runs {
	t.Helper()
	dir, err := os.MkdirTemp("", "run") // t.TempDir is too long for the path of a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.Remove(dir) }) // it stays if something is left in it
	return runs{t, dir, fmt.Sprintf("%s=%s", marker, dir)}
}

func (r runs) command(args ...string) *exec.Cmd {
	r.t.Helper()
	cmd := command(r.t, append([]string{"run"}, args...)...)
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+r.dir, r.mark)
	return cmd
}

// processes returns the command lines of the processes whose environment has the marker, by
// pid. Zombies are not among them.
func (r runs) processes() map[int]string {
	r.t.Helper()
	found := make(map[int]string)
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(r.t, err)
	for _, file := range files {
		environ, _ := os.ReadFile(file) // the process may be gone
		if !bytes.Contains(environ, []byte(r.mark+"\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		require.NoError(r.t, err)
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		found[pid] = strings.ReplaceAll(string(line), "\x00", " ")
	}
	return found
}

// left lists what is left of all runs. It returns "" if nothing is left.
func (r runs) left() string {
	r.t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(r.t, err)
	entries, err := os.ReadDir(r.dir)
	require.NoError(r.t, err)
	list := []string{}
	for _, e := range entries {
		list = append(list, "file "+e.Name())
	}
	if bytes.Contains(mounts, []byte(r.dir)) {
		list = append(list, "a mount")
	}
	for pid, line := range r.processes() {
		list = append(list, fmt.Sprint("process ", pid, " ", line))
	}
	return strings.Join(list, ", ")
}

// wantNothingLeft waits until the watchers have removed everything.
func (r runs) wantNothingLeft() {
	r.t.Helper()
	var left string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if left = r.left(); left == "" {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	r.t.Fatal("left: " + left)
}

func TestManyRunsAtOnceDoNotMeet(t *testing.T) {
	r := newRuns(t)
	const many = 50
	var wg sync.WaitGroup
	outs, statuses := make([]string, many), make([]error, many)
	for i := range many {
		cmd := r.command("--", "sh", "-c", fmt.Sprintf("echo $FULLEX_ADDR; exit %d", i))
		wg.Go(func() {
			out, err := cmd.Output()
			outs[i], statuses[i] = string(out), err
		})
	}
	wg.Wait()
	addresses := make(map[string]bool)
	for i := range many {
		assert.Equal(t, i, statusOf(t, statuses[i]))
		addresses[outs[i]] = true
	}
	assert.Len(t, addresses, many)
	assert.Empty(t, r.left(), "right after the end")
}

// TestNothingIsLeftOfARunThatIsKilled kills fullex at random moments.
func TestNothingIsLeftOfARunThatIsKilled(t *testing.T) {
	t.Parallel()
	const times = 20
	var flags []string
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err == nil {
		require.NoError(t, f.Close())
		flags = []string{"--fuse"} // run-fuse.txtar reports missing FUSE
	}
	r := newRuns(t)
	ran := 0
	for i := range times {
		cmd := r.command(append(flags, "--", "sh", "-c", "sleep 600 & echo ran; sleep 600 & exec sleep 600")...)
		require.NoError(t, cmd.Start())
		<-time.After(time.Duration(i)*5*time.Millisecond + rand.N(5*time.Millisecond))
		for _, line := range r.processes() {
			if strings.HasPrefix(line, "sleep") {
				ran++
				break
			}
		}
		require.NoError(t, cmd.Process.Kill())
		err := cmd.Wait()
		var exit *exec.ExitError
		require.True(t, errors.As(err, &exit), "%v", err)
		r.wantNothingLeft()
	}
	t.Logf("%d of %d were killed while the command ran", ran, times)
}

// TestRunCleansUpWithoutItsWatcher kills the watcher while the command runs.
func TestRunCleansUpWithoutItsWatcher(t *testing.T) {
	r := newRuns(t)
	cmd := r.command("--", "sh", "-c", "echo ready; read line; exit 4")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.True(t, bufio.NewScanner(stdout).Scan())
	for pid, line := range r.processes() {
		if strings.Contains(line, watcherName) {
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		}
	}
	require.NoError(t, r.command("--", "true").Run())
	left, err := os.ReadDir(r.dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "the next run does not remove a place that is in use")
	_, err = stdin.Write([]byte("\n"))
	require.NoError(t, err)
	assert.Equal(t, 4, statusOf(t, cmd.Wait()))
	assert.Empty(t, r.left(), "right after the end")
}

// isStopped reports whether all threads of a process have stopped.
func isStopped(t *testing.T, pid int) bool {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	require.NoError(t, err)
	for _, file := range files {
		text, _ := os.ReadFile(file) // the thread may be gone
		if !strings.Contains(string(text), "\nState:\tT") {
			return false
		}
	}
	return len(files) > 0
}

// TestNextRunCleansUpAfterAllWereKilled kills fullex and its watcher, while another run goes
// on.
func TestNextRunCleansUpAfterAllWereKilled(t *testing.T) {
	r := newRuns(t)
	other := r.command("--", "sh", "-c", "echo ready; read line")
	stdin, err := other.StdinPipe()
	require.NoError(t, err)
	stdout, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	require.True(t, bufio.NewScanner(stdout).Scan())
	before := r.processes()

	cmd := r.command("--", "sh", "-c", "echo ready; exec sleep 600")
	stdout, err = cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.True(t, bufio.NewScanner(stdout).Scan())
	for pid, line := range r.processes() {
		if _, ok := before[pid]; !ok && strings.Contains(line, watcherName) {
			require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP)) // else it sees the end of the watcher
			require.Eventually(t, func() bool { return isStopped(t, cmd.Process.Pid) }, 10*time.Second, time.Millisecond)
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
			require.NoError(t, cmd.Process.Kill())
			require.Eventually(t, func() bool { return r.processes()[pid] == "" }, 10*time.Second, time.Millisecond)
		}
	}
	require.Error(t, cmd.Wait())
	entries, err := os.ReadDir(r.dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)

	require.NoError(t, r.command("--", "true").Run())
	entries, err = os.ReadDir(r.dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "the place of the other run stays")
	require.NoError(t, stdin.Close())
	assert.Equal(t, 1, statusOf(t, other.Wait()), "read reports the end of its input")
	r.wantNothingLeft()
}
