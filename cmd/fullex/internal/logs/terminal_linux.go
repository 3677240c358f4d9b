package logs

import (
	"io"
	"runtime"

	"golang.org/x/sys/unix"
)

// WriteInBackground lets the calling goroutine write to a terminal that another process
// group has. The terminal stops such a process with SIGTTOU (termios(3), TOSTOP), but not if
// the writing thread blocks that signal. A process that ignored it would pass that on to its
// children. The goroutine keeps its thread from then on, and both end together.
func WriteInBackground(out io.Writer) {
	if !IsTerminal(out) {
		return
	}
	runtime.LockOSThread()
	var signals unix.Sigset_t
	signals.Val[0] = 1 << (unix.SIGTTOU - 1)
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &signals, nil) // after an error the terminal may stop this process
}
