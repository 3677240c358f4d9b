package private

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminal is the terminal that a command may need. Its group, which is not this
// process's, must have it to be let read and to be told of keys such as Ctrl-C. A
// nil terminal is none. Safe for concurrent use.
type terminal struct {
	fd    int // immutable, as the groups
	group int // of the command
	own   int // of this process

	// lent says that the command has the terminal whenever this process has it.
	lent atomic.Bool
}

// terminalOf returns the terminal that a command would read, or nil. It is lent at
// once if this process has it and the command writes to a terminal too: behind a
// pipe there may be a pager, which needs it more.
func terminalOf(stdin io.Reader, stdout io.Writer, group int) *terminal {
	in, ok := stdin.(*os.File)
	if !ok {
		return nil
	}
	t := &terminal{fd: int(in.Fd()), group: group, own: unix.Getpgrp()}
	if t.owner() == 0 {
		return nil
	}
	t.lent.Store(t.isOwn() && isTerminal(stdout))
	return t
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// isOwn says whether this process's group has the terminal.
func (t *terminal) isOwn() bool { return t.owner() == t.own }

// owner returns the group that has the terminal, or 0 if it is not that of this
// process, or was closed.
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
	t.lent.Store(true) // it may have been stopped because it wanted to read
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
	if t.lent.Load() && t.isOwn() {
		t.give(t.group)
	}
	_ = unix.Kill(-t.group, unix.SIGCONT) // it may have ended
}
