package logs

import (
	"io"
	"os"

	"golang.org/x/term"
)

// IsTerminal reports whether out is a terminal. It does not change the file: os.File.Fd would
// make it blocking, also for other processes that share it.
func IsTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	is := false
	err = raw.Control(func(fd uintptr) { is = term.IsTerminal(int(fd)) })
	return err == nil && is
}
