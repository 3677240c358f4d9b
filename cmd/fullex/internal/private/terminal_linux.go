package private

import (
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
func (t *terminal) isOwn() bool { return t.owner() == t.own }

// owner returns the group that has the terminal, or 0 if it was closed.
func (t *terminal) owner() int {
	owner, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return owner
}

// give gives the terminal to a group. Who does so from the background is stopped
// by SIGTTOU unless that is ignored. A terminal that was closed needs no owner.
func (t *terminal) give(group int) {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
}

// takeBack makes the terminal this process's again, if the command has it.
func (t *terminal) takeBack() {
	if t != nil && t.owner() == t.group {
		t.give(t.own)
	}
}

// stopToo stops this process's group, as its shell expects of one whose command
// the user has stopped. It may return a little before that.
func (t *terminal) stopToo() error {
	if t == nil {
		return nil
	}
	t.takeBack()
	if err := unix.Kill(0, unix.SIGSTOP); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// goOn has the command go on when the shell has told this process to: with the
// terminal, or without it in the background.
func (t *terminal) goOn() {
	if t == nil {
		return
	}
	if t.isOwn() {
		t.give(t.group)
	}
	_ = unix.Kill(-t.group, unix.SIGCONT) // it may have ended
}
