package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint"
)

// ready is what a mount in the background writes to its starter when it answers.
const ready = "ready\n"

// daemonize starts the same mount in a background process with a session of its own. It
// returns when that mount answers or has failed.
func daemonize(c *cli.Context, target endpoint.Endpoint, args []string) error {
	if target.IsInherited() {
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
	return fmt.Errorf("start the mount: it ended and gave no reason: %w", child.Wait())
}

// starter is the process that waits until a mount in the background answers.
type starter struct {
	pipe *os.File      // to the starter; nil after something was told
	gone chan struct{} // closed when nothing watches the pipe any more
}

// newStarter takes over fd, the pipe to the starter. It closes the other descriptors that
// were inherited from it.
func newStarter(fd int) (*starter, error) {
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil { // a blocking pipe cannot be watched
		return nil, fmt.Errorf("ready-fd %d: %w", fd, err)
	}
	return &starter{os.NewFile(uintptr(fd), "ready"), make(chan struct{})}, closeInherited()
}

// watch returns a context that ends with ctx. It also ends if the starter is killed before
// it was told anything.
func (s *starter) watch(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(s.gone)
		if hangsUp(s.pipe) {
			cancel()
		}
	}()
	return ctx
}

// hangsUp waits until nobody can read from a pipe any more, and returns true. It returns
// false if the pipe is closed first.
func hangsUp(pipe *os.File) bool {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return false
	}
	return raw.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd)}}
		_, err := unix.Poll(fds, 0)
		return err == nil && fds[0].Revents&unix.POLLERR != 0
	}) == nil
}

// leave tells the starter that the mount answers. It first leaves the working directory,
// which the mount would keep busy.
func (s *starter) leave() error {
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("leave the working directory: %w", err)
	}
	return s.tell(ready)
}

// close tells the starter about an error, unless the starter knows that the mount answers.
func (s *starter) close(err error) error {
	if s.pipe == nil || err == nil {
		return nil
	}
	return s.tell(err.Error())
}

func (s *starter) tell(text string) error {
	_, err := io.WriteString(s.pipe, text)
	err = errors.Join(err, s.pipe.Close())
	<-s.gone
	s.pipe = nil
	return err
}
