package private

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Watch is what the watcher does: it makes a directory, says so on stdout, and
// removes it when stdin ends. It does not return but for an error: the end of the
// process group is its own.
func Watch(stdin io.Reader, stdout io.WriteCloser) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGALRM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	syscall.Umask(0o077) // the user's may take away what the directory needs
	dir, err := makeDir()
	if err != nil {
		fmt.Fprintln(stdout, err)
		return err
	}
	fmt.Fprintln(stdout, madeIt+dir) // whoever started this may be gone, which stdin tells
	_ = stdout.Close()
	removeStale()
	_, _ = io.Copy(io.Discard, stdin)
	err = remove(dir)
	if killErr := syscall.Kill(0, syscall.SIGKILL); killErr != nil {
		return killErr
	}
	return err
}

// runtimeDir is where directories of a user's programs belong.
func runtimeDir() string {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "" // that for temporary files
	}
	return dir
}
