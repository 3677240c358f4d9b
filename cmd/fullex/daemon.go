package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// ready is what a mount in the background says when it answers.
const ready = "ready\n"

// daemonize runs the same mount in a process of its own session, and returns
// when that answers or has failed.
func daemonize(c *cli.Context, args []string) error {
	if len(args) > 1 && strings.HasPrefix(args[0], "fd:") {
		return errors.New("mount: --daemon does not pass an inherited socket on: mount in the foreground")
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	line := []string{"mount", "--ready-fd", "3"}
	for _, flag := range []string{"ro", "allow-other", "reconnect"} {
		if c.Bool(flag) {
			line = append(line, "--"+flag)
		}
	}
	if args[len(args)-1], err = filepath.Abs(args[len(args)-1]); err != nil {
		return fmt.Errorf("find the directory: %w", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	child := exec.Command(self, append(line, args...)...)
	child.ExtraFiles = []*os.File{w}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		return errors.Join(fmt.Errorf("start the mount: %w", err), r.Close(), w.Close())
	}
	if err := w.Close(); err != nil {
		return err
	}
	said, err := io.ReadAll(r)
	switch {
	case err != nil:
		return fmt.Errorf("wait for the mount: %w", err)
	case string(said) == ready:
		return child.Process.Release()
	case len(said) > 0:
		return errors.New(string(said))
	}
	return fmt.Errorf("start the mount: it ended without a word: %w", child.Wait())
}

// tell says on a descriptor what came of a mount: ready, or an error.
func tell(fd int, text string) error {
	f := os.NewFile(uintptr(fd), "ready")
	_, err := io.WriteString(f, text)
	return errors.Join(err, f.Close())
}
