package fusefs

import (
	"bytes"
	"io"
	"log/slog"

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

// libraryLog passes on what the FUSE library logs to the log of the mount.
type libraryLog struct{ log *slog.Logger }

// Write implements io.Writer.
func (l libraryLog) Write(line []byte) (int, error) {
	l.log.Warn("the FUSE library", "says", string(bytes.TrimSpace(line)))
	return len(line), nil
}
