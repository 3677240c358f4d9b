package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a terminal (pts(4)): keys for the user, and line for the
// program.
func openTerminal(t *testing.T) (keys, line *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	line, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	return keys, line
}

// atTerminal starts a run that has a terminal of its own, as in a window. It returns when
// the command has printed "up".
func (r runs) atTerminal(script string) (keys *os.File, said *bufio.Scanner, wait func() error) {
	r.t.Helper()
	keys, line := openTerminal(r.t)
	cmd := r.command("--", "sh", "-c", "echo up; "+script)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = line, line, line
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(r.t, cmd.Start())
	require.NoError(r.t, line.Close())
	said = bufio.NewScanner(keys)
	require.True(r.t, said.Scan())
	require.Equal(r.t, "up", strings.TrimSpace(said.Text()))
	return keys, said, cmd.Wait
}

func TestRunLendsItsTerminalToTheCommand(t *testing.T) {
	r := newRuns(t)
	keys, said, wait := r.atTerminal("read x; echo got $x; exit 9")
	_, err := keys.WriteString("hello\n")
	require.NoError(t, err)
	require.True(t, said.Scan()) // the terminal's echo
	require.True(t, said.Scan())
	assert.Equal(t, "got hello", strings.TrimSpace(said.Text()))
	assert.Equal(t, 9, statusOf(t, wait()))
	require.NoError(t, keys.Close())

	keys, _, wait = r.atTerminal("exec sleep 600")
	_, err = keys.WriteString("\x03") // Ctrl-C
	require.NoError(t, err)
	assert.Equal(t, 128+2, statusOf(t, wait()))
	require.NoError(t, keys.Close())
	assert.Empty(t, r.left(), "right after the end")
}

func TestNothingIsLeftWhenTheTerminalIsClosed(t *testing.T) {
	r := newRuns(t)
	keys, _, wait := r.atTerminal("sleep 600 & sleep 600")
	require.NoError(t, keys.Close())
	assert.Equal(t, 128+1, statusOf(t, wait()))
	r.wantNothingLeft()
}

// TestLogLinesDoNotStopARun uses a terminal that stops a background process when it writes.
// A run is in the background while its command has the terminal. The shell gives the run a
// process group of its own, as an interactive shell does.
func TestLogLinesDoNotStopARun(t *testing.T) {
	r := newRuns(t)
	run := r.command("--log-level", "info", "--", "sh", "-c", `fullex lsmod "$FULLEX_ADDR" >/dev/null; exec fullex lsmod "$FULLEX_ADDR"`)
	cmd := exec.Command("sh", append([]string{"-mc", `stty tostop; "$@"; echo status $?`, "sh"}, run.Args...)...)
	keys, line := openTerminal(t)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = run.Env, line, line, line
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, cmd.Start())
	require.NoError(t, line.Close())
	said, _ := io.ReadAll(keys) // an error is the terminal's end
	assert.NoError(t, cmd.Wait())
	assert.Contains(t, string(said), "msg=connected")
	assert.Contains(t, string(said), "minimal_proc_lkm")
	assert.Contains(t, string(said), "status 0")
	require.NoError(t, keys.Close())
	r.wantNothingLeft()
}
