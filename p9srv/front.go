package p9srv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"syscall"

	"fullex/device"
	"fullex/p9srv/tree"
	"fullex/p9srv/wire"
)

// front answers the messages of one connection. It turns bytes into bytes without I/O:
// Process reads the requests and appends the replies.
//
// It answers messages strictly in order, and each before it looks at the next. So no tag is
// in use when a request arrives, and a Tflush never finds a request to cancel. Replies come
// in the order of their requests.
//
// One goroutine uses a front. Between two calls of Process, a front is only data.
type front struct {
	// The fields that a Tread or Twrite needs come first.
	msize    uint32 // agreed size of frames; 0: no 9P session, so only Tversion is answered
	v9fs     bool   // the client is that of Linux
	attached bool   // the client has attached at least once
	work     int    // units of work done by this call of Process
	fids     fids

	// held is the session of the last Tread or Twrite, or nil. holding is its lock.
	held    *device.Session
	holding device.Held

	srv      *Server
	spare    *fid // a clunked fid, for the next walk
	extents  extents
	textSize int // bytes of open listings

	peer  peer
	log   *slog.Logger
	atEnd []func() // what layers do at the end of the connection
}

// le is the byte order of 9P.
var le = binary.LittleEndian

// v9fsMask is the request mask of the first Tgetattr that the Linux client sends for each
// inode (fs/9p/vfs_inode_dotl.c: P9_STATS_BASIC and more). No known library uses this mask.
const v9fsMask = 0x17ff

// Errors that end a connection: after these, nobody knows where the next frame begins.
var (
	errFrameSize  = errors.New("frame shorter than its head")
	errFrameLimit = errors.New("frame larger than agreed")
)

// Process implements Processor. It stops early if out has flushSize bytes, or after a share
// of work (turn.go).
func (f *front) Process(in, out []byte) (used int, _ []byte, err error) {
	defer f.release()
	traced := f.srv.Trace != nil
	f.work = 0
	for len(out) < flushSize && f.work < turnShare && len(in)-used >= 4 {
		f.work++
		size := wire.Size(in[used:])
		if size < wire.HeadSize || size > f.frameLimit() {
			return used, out, f.wrongSize(size)
		}
		if uint32(len(in)-used) < size {
			break
		}
		m := wire.Frame(in[used : used+int(size) : used+int(size)])
		// Tread and Twrite skip answer: one call less makes BenchmarkReadDepth/64 8% faster.
		switch typ := m.Type(); {
		case traced:
			out = f.answerTraced(m, out)
		case typ == wire.Tread && f.msize != 0:
			out = f.read(m, out)
		case typ == wire.Twrite && f.msize != 0:
			out = f.write(m, out)
		default:
			out = f.answer(m, out)
		}
		used += int(size)
	}
	return used, out, nil
}

func (f *front) frameLimit() uint32 {
	if f.msize == 0 {
		return firstFrameLimit
	}
	return f.msize
}

func (f *front) wrongSize(size uint32) error {
	if size < wire.HeadSize {
		return fmt.Errorf("%w: size %d", errFrameSize, size)
	}
	return fmt.Errorf("%w: size %d, limit %d", errFrameLimit, size, f.frameLimit())
}

// answer appends the reply to one request. It calls read for Tread, write for Twrite and
// control for all others. An error of control becomes Rlerror.
func (f *front) answer(m wire.Frame, out []byte) []byte {
	if f.msize != 0 {
		switch m.Type() {
		case wire.Tread:
			return f.read(m, out)
		case wire.Twrite:
			return f.write(m, out)
		}
	}
	f.release()
	f.work += controlWork
	start := len(out)
	out, err := f.control(m, out)
	if err != nil {
		return refuse(out[:start], m.Tag(), err)
	}
	return out
}

// answerTraced is answer that also passes request and reply to Server.Trace.
func (f *front) answerTraced(m wire.Frame, out []byte) []byte {
	start := len(out)
	out = f.answer(m, out)
	f.release() // Trace may call any method of the sessions
	f.srv.Trace(f.peer.conn + " " + m.Line())
	f.srv.Trace(f.peer.conn + " " + wire.Frame(out[start:]).Line())
	return out
}

// refuse appends the Rlerror that reports err.
func refuse(out []byte, tag uint16, err error) []byte {
	return wire.AppendError(out, tag, uint32(wire.Errno(err)))
}

// endSession ends the 9P session and frees every session and fid. Afterwards the front
// answers only Tversion.
func (f *front) endSession() {
	f.msize, f.v9fs = 0, false
	f.work += fidWork * f.fids.n
	f.fids.each(func(_ uint32, fid *fid) { f.closeFID(fid) })
	f.srv.fids.Add(-int64(f.fids.n))
	f.fids = fids{}
	f.extents = extents{}
}

// warn logs a refusal.
func (f *front) warn(message string, args ...any) {
	f.work += refusalWork
	f.log.Warn(message, args...)
}

// iounit returns the largest count of bytes that one Tread or Twrite can transfer.
func (f *front) iounit() uint32 { return f.msize - wire.IOHeadSize }

// checkNewFID returns an error if the client may not make this fid. The errno is EMFILE or
// ENFILE if there are too many fids.
func (f *front) checkNewFID(number uint32) error {
	if number == wire.NoFID || f.fids.get(number) != nil {
		return syscall.EINVAL
	}
	limits := f.srv.limits
	switch {
	case f.fids.n >= limits.FIDs:
		f.warn("too many fids on this connection", "limit", limits.FIDs)
		return syscall.EMFILE
	case f.srv.fids.Load() >= int64(limits.AllFIDs):
		f.warn("too many fids", "limit", limits.AllFIDs)
		return syscall.ENFILE
	}
	return nil
}

// newFID returns a fid for file. It reuses a clunked fid, which saves a third of the memory
// that opens allocate (BenchmarkOpen).
func (f *front) newFID(file tree.File) *fid {
	made := f.spare
	f.spare = nil
	if made == nil {
		made = new(fid)
	}
	made.File = file
	return made
}

// putFID enters a fid under its number. It counts the fid unless it replaces another one.
func (f *front) putFID(number uint32, to *fid) {
	before := f.fids.n
	f.fids.put(number, to)
	f.srv.fids.Add(int64(f.fids.n - before))
}
