package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// startCommand starts a command and waits until it says that it listens, on its
// standard output or error. end sends a signal and expects status 0.
func startCommand(t testing.TB, stdout io.Writer, args ...string) (end func(os.Signal)) {
	t.Helper()
	said := newLineWatch("listening on ")
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "FULLEX_TEST_AS_COMMAND=1")
	cmd.Stderr = said
	cmd.Stdout = stdout
	if stdout == nil {
		cmd.Stdout = said
	}
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-said.seen:
	case err := <-ended:
		require.FailNow(t, "it has ended", "%v: %s", err, said.text.String())
	}
	return func(signal os.Signal) {
		require.NoError(t, cmd.Process.Signal(signal))
		require.NoError(t, <-ended, "exit status 0")
	}
}

// lineWatch is an output of which one line is waited for. One goroutine of exec
// writes to it.
type lineWatch struct {
	want string
	text bytes.Buffer
	seen chan struct{}
}

func newLineWatch(want string) *lineWatch { return &lineWatch{want: want, seen: make(chan struct{})} }

func (w *lineWatch) Write(p []byte) (int, error) {
	before := strings.Contains(w.text.String(), w.want)
	w.text.Write(p)
	if !before && strings.Contains(w.text.String(), w.want) {
		close(w.seen)
	}
	return len(p), nil
}
