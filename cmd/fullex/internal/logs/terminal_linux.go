package logs

import (
	"io"
	"runtime"

	"golang.org/x/sys/unix"
)

// WriteInBackground lets the calling goroutine write to a terminal that another process
// group has. The signal that stops a process for it is not sent to a thread that blocks it
// (termios(3), TOSTOP). If the process ignored it, its children would, too. The goroutine
// has the thread to itself from then on, and both end together.
func WriteInBackground(out io.Writer) {
	if !IsTerminal(out) {
		return
	}
	runtime.LockOSThread()
	var signals unix.Sigset_t
	signals.Val[0] = 1 << (unix.SIGTTOU - 1)
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &signals, nil) // without it the terminal may stop us
}
