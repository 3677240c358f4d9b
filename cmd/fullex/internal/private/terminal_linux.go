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

// terminal is the terminal that a command may need. Only the foreground process group may
// read it and gets the signals of keys such as Ctrl-C. The command's group is not this
// process's. A nil terminal means that there is none. Safe for concurrent use.
type terminal struct {
	fd    int // immutable, like the groups
	group int // of the command
	own   int // of this process

	// lent is true if this process passes the terminal to the command whenever it has it.
	lent atomic.Bool
}

// terminalOf returns the terminal that a command would read, or nil. The terminal is lent
// at once if this process has it and the command also writes to a terminal. If the command
// writes to a pipe, a pager may read that, and the pager needs the terminal more.
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

// isOwn reports whether this process's group has the terminal.
func (t *terminal) isOwn() bool { return t.owner() == t.own }

// owner returns the group that has the terminal. It is 0 if the terminal does not control
// this process, or was closed.
func (t *terminal) owner() int {
	owner, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return owner
}

// give gives the terminal to a group. It ignores SIGTTOU meanwhile, which would stop a
// process in the background that does this. It does nothing for a closed terminal.
func (t *terminal) give(group int) {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
}

// takeBack takes the terminal back if the command has it.
func (t *terminal) takeBack() {
	if t != nil && t.owner() == t.group {
		t.give(t.own)
	}
}

// stopToo stops this process's group. Its shell expects that when the user has stopped the
// command. stopToo may return a little before the stop.
func (t *terminal) stopToo() error {
	if t == nil {
		return nil
	}
	t.lent.Store(true) // the command may have been stopped because it wanted to read
	t.takeBack()
	if err := unix.Kill(0, unix.SIGSTOP); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// goOn continues the command when the shell has continued this process. In the foreground
// the command gets the terminal, if that is lent.
func (t *terminal) goOn() {
	if t == nil {
		return
	}
	if t.lent.Load() && t.isOwn() {
		t.give(t.group)
	}
	_ = unix.Kill(-t.group, unix.SIGCONT) // the command may have ended
}
