package fusefs

import (
	"bytes"
	"io"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// withoutLate passes on what the FUSE library logs, but that the kernel does not
// wait for a reply: its caller was answered before (waiting), or the mount has
// ended.
type withoutLate struct{ io.Writer }

// Write implements io.Writer. The library has no other word for it than its text.
func (w withoutLate) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("err: "+fuse.ENOENT.String())) {
		return len(line), nil
	}
	return w.Writer.Write(line)
}
