package logs

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// WriteInBackground lets the calling goroutine write to a terminal that another process
// group has. The signal that stops a process for it is not sent to a thread that blocks it
// (termios(3), TOSTOP). If the process ignored it, its children would, too. The goroutine
// has the thread to itself from then on, and both end together.
func WriteInBackground(out io.Writer) {
	if !isTerminal(out) {
		return
	}
	runtime.LockOSThread()
	var signals unix.Sigset_t
	signals.Val[0] = 1 << (unix.SIGTTOU - 1)
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &signals, nil) // without it the terminal may stop us
}

// isTerminal leaves the file as it is: os.File.Fd would have it block, for others too.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	is := false
	err = raw.Control(func(fd uintptr) {
		_, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		is = err == nil
	})
	return err == nil && is
}
