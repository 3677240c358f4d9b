package p9srv

import (
	"io"
	"math"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/hugelgupf/p9/linux"
)

// openText takes the text as it is now: of kmsg two line numbers, of the
// listings a copy, which counts against limits while it is open.
func (f *file) openText() error {
	kernel := f.front.srv.Kernel
	var text string
	switch f.node.kind {
	case kmsgFile:
		f.text = kernel.Log().Reader()
		return nil
	case modulesFile:
		text = kernel.ListModules()
	default:
		// Refused before it is made, if that is plain already.
		if least := leastSessionLine * kernel.CountOwned(&f.user.User); f.front.textSize+least > maxConnText {
			return syscall.EMFILE
		}
		text = kernel.ListSessions(&f.user.User)
	}
	switch size := len(text); {
	case f.front.textSize+size > maxConnText:
		return syscall.EMFILE
	case f.allTexts().Add(int64(size)) > maxAllText && !f.user.Admin:
		f.allTexts().Add(-int64(size))
		return syscall.ENFILE
	default:
		f.text, f.counted = strings.NewReader(text), size
		f.front.textSize += size
		return nil
	}
}

// allTexts counts the bytes of the listings that are open, apart for users whom
// somebody vouches for and others: these must not be able to shut those out.
func (f *file) allTexts() *atomic.Int64 {
	if f.user.Vouched {
		return &f.front.srv.vouchedTexts
	}
	return &f.front.srv.otherTexts
}

func (f *file) closeText() {
	f.front.textSize -= f.counted
	f.allTexts().Add(-int64(f.counted))
	f.text, f.counted = nil, 0
}

// ReadAt reads a text file. The end is an empty read.
func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	if f.text == nil {
		return 0, linux.EINVAL
	}
	n, err := f.text.ReadAt(p, offset)
	if err != nil && err != io.EOF {
		return n, linux.EIO
	}
	return n, nil
}

// WriteAt obeys a text that is written to ctl, whose open has found out that
// the user may.
func (f *file) WriteAt(p []byte, _ int64) (int, error) {
	if f.node.kind != ctlFile {
		return 0, linux.EINVAL
	}
	f.front.log.Info("ctl", "text", printable(string(p)), "uid", f.user.UID)
	if err := f.front.srv.Kernel.Control(string(p)); err != nil {
		return 0, toLinux(err)
	}
	return len(p), nil
}

// readText has the library read a text file, with no more than its message
// size allows, which it does not look at itself.
func (f *front) readText(m message, file *file, out []byte) ([]byte, error) {
	if file.node.isDir() {
		return out, syscall.EISDIR
	}
	if le.Uint64(m.body[4:]) > math.MaxInt64 {
		return out, syscall.EINVAL
	}
	var body [treadSize]byte
	copy(body[:], m.body)
	count := min(le.Uint32(body[12:]), f.iounit(), libraryMsize-ioHeaderSize)
	le.PutUint32(body[12:], count)
	return f.send(f.compose(m, body[:]), out)
}

// writeText has the library write to ctl. No text that it obeys is long.
func (f *front) writeText(m message, file *file, out []byte) ([]byte, error) {
	switch {
	case file.node.isDir():
		return out, syscall.EISDIR
	case len(m.body) > twriteHead+maxControl:
		return out, syscall.EINVAL
	}
	return f.pass(m, out)
}
