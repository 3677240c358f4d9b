package private

import (
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"syscall"
)

// Watch is what the watcher does: it makes a directory, says so on stdout, and
// removes it when stdin ends. It does not return but for an error: the end of the
// process group is its own.
func Watch(stdin io.Reader, stdout io.WriteCloser) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGALRM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	dir, err := MakeDir()
	if err != nil {
		fmt.Fprintln(stdout, strconv.Quote(err.Error()))
		return err
	}
	fmt.Fprintln(stdout, madeIt+strconv.Quote(dir.path)) // whoever started this may be gone, which stdin tells
	_ = stdout.Close()
	dir.removeStale()
	_, _ = io.Copy(io.Discard, stdin)
	err = dir.Remove()
	if killErr := syscall.Kill(0, syscall.SIGKILL); killErr != nil {
		return killErr
	}
	return err
}
