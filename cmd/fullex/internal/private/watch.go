package private

import (
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"syscall"
)

// Watch is the watcher's work. It makes a directory, writes its path to stdout, and removes
// it when stdin ends. Then it kills its process group and with that itself, so it returns
// only after an error.
func Watch(stdin io.Reader, stdout io.WriteCloser) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGALRM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	dir, err := MakeDir()
	if err != nil {
		fmt.Fprintln(stdout, strconv.Quote(err.Error()))
		return err
	}
	fmt.Fprintln(stdout, madeIt+strconv.Quote(dir.path)) // an error means that the program has ended; so does stdin's end
	_ = stdout.Close()
	dir.removeStale()
	_, _ = io.Copy(io.Discard, stdin)
	err = dir.Remove()
	if killErr := syscall.Kill(0, syscall.SIGKILL); killErr != nil {
		return killErr
	}
	return err
}
