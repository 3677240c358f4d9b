package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/tests/need"
)

// hanging starts a command and returns when it hangs in a write to its standard output.
func hanging(t *testing.T, args ...string) *service {
	t.Helper()
	endpoint, _ := serveHere(t)
	s := &service{cmd: command(t, append(args, endpoint)...)}
	s.cmd.Stdout = badOutputs(t)["full"]
	require.NoError(t, s.cmd.Start())
	require.Eventually(t, func() bool { return printing(t, s.cmd.Process.Pid) }, 20*time.Second, 5*time.Millisecond)
	return s
}

// printing reports whether a thread of a process waits in a write to its standard
// output (proc(5), /proc/PID/task/TID/syscall).
func printing(t *testing.T, pid int) bool {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	require.NoError(t, err)
	for _, file := range files {
		text, _ := os.ReadFile(file) // the thread may be gone
		if strings.HasPrefix(string(text), fmt.Sprintf("%d 0x1 ", unix.SYS_WRITE)) {
			return true
		}
	}
	return false
}

func TestSignalEndsACommandThatHangs(t *testing.T) {
	for _, args := range [][]string{
		{"dmesg", "--follow", "--interval", "10ms"},
		{"sessions", "--watch", "--interval", "1ms"},
	} {
		s := hanging(t, args...)
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
		assert.Equal(t, 128+15, endOf(t, s.cmd), args)
	}
}

func TestSecondSignalEndsACommandAtOnce(t *testing.T) {
	s := hanging(t, "dmesg", "--follow")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	<-time.After(twinTime) // an earlier signal takes effect only then
	start := time.Now()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGINT))
	assert.Equal(t, 128+15, endOf(t, s.cmd))
	assert.Less(t, time.Since(start), time.Second)
}

// TestTwinSignalsEndServeInOrder sends signals in quick succession, as timeout(1) does.
func TestTwinSignalsEndServeInOrder(t *testing.T) {
	s := services(t)["serve"](t)
	s.start(t)
	for range 3 {
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	}
	s.wantEnd(t, syscall.SIGTERM)
}

// TestRunEndsACommandThatIgnoresSignals expects run to kill it.
func TestRunEndsACommandThatIgnoresSignals(t *testing.T) {
	t.Parallel()
	for _, second := range []bool{false, true} {
		r := newRuns(t)
		cmd := r.command("--", "sh", "-c", "trap '' INT TERM HUP; echo ready; while :; do sleep 1; done")
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		require.True(t, bufio.NewScanner(stdout).Scan())
		start := time.Now()
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		if second {
			<-time.After(twinTime)
			require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		}
		assert.Equal(t, 128+9, endOf(t, cmd))
		if second {
			assert.Less(t, time.Since(start), commandTime)
		}
		assert.Empty(t, r.left(), "right after the end")
	}
}

// TestMountEndsAlthoughUnmountingHangs replaces fusermount3, which mount calls if a file is
// open, by a program that sleeps for longer than mount waits.
func TestMountEndsAlthoughUnmountingHangs(t *testing.T) {
	s := services(t)["mount"](t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fusermount3"), []byte("#!/bin/sh\nexec sleep 5\n"), 0o700))
	s.cmd.Env = append(s.cmd.Env, "PATH="+dir+":"+os.Getenv("PATH"))
	if os.Geteuid() != 0 {
		need.Skip(t, "only root takes a mount out of the tree without fusermount3")
	}
	s.start(t)
	mount := s.cmd.Args[len(s.cmd.Args)-1]
	inUse, err := os.Open(filepath.Join(mount, "kmsg"))
	require.NoError(t, err)
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 0, endOf(t, s.cmd))
	_ = inUse.Close() // the mount is gone
	assert.False(t, s.left())
}

func TestSignalGivesTheShellsTerminalBack(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		endpoint, _ := serveHere(t)
		keys, line := openTerminal(t)
		before, err := unix.IoctlGetTermios(int(keys.Fd()), unix.TCGETS)
		require.NoError(t, err)
		cmd := command(t, "shell", endpoint)
		cmd.Env = append(cmd.Env, "TERM=xterm")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = line, line, line
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		require.NoError(t, cmd.Start())
		said := bufio.NewReader(keys)
		_, err = said.ReadString('>') // the prompt
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(signal))
		assert.Equal(t, 128+int(signal), endOf(t, cmd))
		after, err := unix.IoctlGetTermios(int(keys.Fd()), unix.TCGETS)
		require.NoError(t, err)
		assert.Equal(t, before, after)
		require.NoError(t, line.Close())
		require.NoError(t, keys.Close())
	}
}

// TestSelfTestLeavesNoSocket ends the self-test by a signal, and by closing its output.
func TestSelfTestLeavesNoSocket(t *testing.T) {
	for _, gone := range []bool{false, true} {
		dir := t.TempDir()
		cmd := command(t, "check", "--self-test", "--only", "open.")
		cmd.Env = append(cmd.Env, "TMPDIR="+dir)
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = bufio.NewReader(stdout).ReadString('\n')
		require.NoError(t, err)
		if gone {
			require.NoError(t, stdout.Close())
		} else {
			require.Eventually(t, func() bool {
				entries, err := os.ReadDir(dir)
				return err == nil && len(entries) > 0
			}, 20*time.Second, time.Millisecond)
			require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		}
		assert.Equal(t, 2, endOf(t, cmd), "the status of a check that did not run to its end")
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, entries)
	}
}
