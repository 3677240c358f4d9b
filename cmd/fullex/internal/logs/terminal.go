package logs

import (
	"io"
	"os"

	"golang.org/x/term"
)

// IsTerminal reports whether what is printed is for a person to see at once. It leaves the
// file as it is: os.File.Fd would have it block, for others too.
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
