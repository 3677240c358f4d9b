package private

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminal is the terminal of a command that runs in the foreground: its group,
// which is not this process's, must own it, to be let read and be told of keys such
// as Ctrl-C. A nil terminal is none.
type terminal struct {
	fd    int
	group int // of the command
	own   int // of this process
}

// terminalOf returns the terminal that a command gets from this process, or nil if
// this process has none to give.
func terminalOf(stdin io.Reader, group int) *terminal {
	f, ok := stdin.(*os.File)
	if !ok {
		return nil
	}
	t := &terminal{fd: int(f.Fd()), group: group, own: unix.Getpgrp()}
	if !t.isOwn() {
		return nil
	}
	return t
}

// isOwn says whether this process's group has the terminal.
func (t *terminal) isOwn() bool {
	owner, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && owner == t.own
}

// give gives the terminal to a group. Who does so from the background is stopped
// by SIGTTOU unless that is ignored.
func (t *terminal) give(group int) error {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	if err := unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group); err != nil {
		return fmt.Errorf("pass on the terminal: %w", err)
	}
	return nil
}

// takeBack makes the terminal this process's again.
func (t *terminal) takeBack() error {
	if t == nil {
		return nil
	}
	err := t.give(t.own)
	if errors.Is(err, unix.EIO) || errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EPERM) {
		return nil // it was closed meanwhile
	}
	return err
}

// stopToo stops this process's group, as its shell expects of one whose command
// the user has stopped, and goes on with the command when the shell says so.
func (t *terminal) stopToo() error {
	if t == nil {
		return nil
	}
	if err := t.takeBack(); err != nil {
		return err
	}
	if err := unix.Kill(0, unix.SIGSTOP); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	if t.isOwn() { // and not in the background
		if err := t.give(t.group); err != nil {
			return err
		}
	}
	if err := unix.Kill(-t.group, unix.SIGCONT); err != nil {
		return fmt.Errorf("go on: %w", err)
	}
	return nil
}
