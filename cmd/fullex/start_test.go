package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// command returns a process of fullex, which the test starts. It ends with the test.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "fullex", args...)
	cmd.Env = os.Environ()
	return cmd
}

// startedCommand is a process that prints where it listens.
type startedCommand struct {
	cmd            *exec.Cmd
	stdout, stderr *lineWatch // complete when the process has ended
	ended          chan error
}

func newStartedCommand(cmd *exec.Cmd) *startedCommand {
	const says = "listening on "
	c := &startedCommand{cmd: cmd, stdout: newLineWatch(says), stderr: newLineWatch(says), ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = c.stdout, c.stderr
	return c
}

// start starts the process and returns the rest of the line with the place where it listens.
func (c *startedCommand) start() (where string, err error) {
	if err := c.cmd.Start(); err != nil {
		return "", err
	}
	go func() { c.ended <- c.cmd.Wait() }()
	select {
	case where = <-c.stdout.seen:
	case where = <-c.stderr.seen:
	case err = <-c.ended:
		err = fmt.Errorf("it has ended early: %v: %s", err, c.stderr.text.String())
	case <-time.After(20 * time.Second):
		err = errors.Join(errors.New("it does not print where it listens"), c.cmd.Process.Kill(), <-c.ended)
	}
	return where, err
}

// end sends a signal. It returns an error unless the process ends with status 0 in the
// promised time.
func (c *startedCommand) end(signal os.Signal) error {
	if err := c.cmd.Process.Signal(signal); err != nil {
		return err
	}
	select {
	case err := <-c.ended:
		return err
	case <-time.After(promised):
		return errors.Join(fmt.Errorf("it does not end in %v", promised), c.cmd.Process.Kill(), <-c.ended)
	}
}

// promised is the time in which a command ends after a signal.
const promised = 2 * time.Second

// startFullex starts fullex, and returns when it listens.
func startFullex(t *testing.T, args ...string) *startedCommand {
	t.Helper()
	c := newStartedCommand(command(t, args...))
	_, err := c.start()
	require.NoError(t, err)
	return c
}

// lineWatch is an output that waits for the first line with a text. One goroutine of package
// exec writes to it.
type lineWatch struct {
	want  string
	text  bytes.Buffer
	found bool
	seen  chan string // gets the rest of the line
}

func newLineWatch(want string) *lineWatch { return &lineWatch{want: want, seen: make(chan string, 1)} }

func (w *lineWatch) Write(p []byte) (int, error) {
	w.text.Write(p)
	_, rest, _ := strings.Cut(w.text.String(), w.want)
	if line, _, whole := strings.Cut(rest, "\n"); whole && !w.found {
		w.found = true
		w.seen <- line
	}
	return len(p), nil
}
