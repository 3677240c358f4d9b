package private

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwarded returns the signals that a command gets when this process gets them. SIGHUP is
// not among them under nohup(1): then both processes ignore it.
func forwarded() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGCONT}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// Run runs a command in the place and returns its exit status, as a shell does. If a signal
// ended the command, the status is 128 plus the signal's number. If the command cannot be
// started, Run returns an error. The status is then 127 if the command was not found, and
// 126 otherwise. The command is killed when ctx ends.
func (p *Place) Run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) (status int, err error) {
	// Pdeathsig kills the command when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	group := p.watcher.Process.Pid
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: group, Pdeathsig: syscall.SIGKILL}
	term := terminalOf(stdin, stdout, group)
	if term != nil && term.lent.Load() {
		cmd.SysProcAttr.Foreground, cmd.SysProcAttr.Ctty = true, term.fd
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded()...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return statusOf(err), fmt.Errorf("run %s: %w", args[0], err)
	}
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		forward(ctx, signals, cmd.Process, term, done)
	}()
	waitErr := await(cmd.Process.Pid, term)
	close(done) // before another process can get the command's number
	<-stopped
	err = errors.Join(waitErr, ignoreExit(cmd.Wait()))
	term.takeBack()
	return exitStatus(cmd.ProcessState), err
}

// forward sends signals on to the command until it has ended, and kills it when ctx ends.
// SIGCONT comes from the shell after this process was stopped.
func forward(ctx context.Context, signals <-chan os.Signal, to *os.Process, term *terminal, done <-chan struct{}) {
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGCONT {
				term.goOn()
				continue
			}
			_ = to.Signal(s) // the command may have ended
		case <-ctx.Done():
			_ = to.Kill() // the command may have ended
			<-done
			return
		case <-done:
			return
		}
	}
}

// await returns when a child has ended. The child can still be waited for. When the child
// is stopped, await stops this process, too.
func await(pid int, term *terminal) error {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("wait for the command: %w", err)
		case info.Code != cldStopped:
			return nil
		}
		// Without WNOWAIT, so that the kernel does not report this stop again.
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WNOHANG, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for the command: %w", err)
		}
		if err := term.stopToo(); err != nil {
			return err
		}
	}
}

// cldStopped is CLD_STOPPED (Linux's include/uapi/asm-generic/siginfo.h).
const cldStopped = 5

// ignoreExit returns nil for the error that a command's status was not 0.
func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// exitStatus returns the status that a shell gives to a process that has ended.
func exitStatus(state *os.ProcessState) int {
	if state == nil {
		return 1
	}
	if w, ok := state.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return state.ExitCode()
}

// statusOf returns the status that a shell gives to a command that it cannot start.
func statusOf(err error) int {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return 127
	}
	return 126
}
