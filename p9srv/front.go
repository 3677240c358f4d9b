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

// front answers the messages of one connection. It is plain code over bytes
// without I/O: Process takes what arrived and appends what must leave.
//
// Messages are taken strictly in order, and each is answered before the next
// is looked at. So no tag is ever in use when a message arrives, a Tflush
// never finds anything to cancel, and replies leave in the order of requests.
//
// A front is used by one goroutine. Between two calls of Process it is data only.
type front struct {
	// First what a data message touches.
	msize    uint32 // agreed; 0: no session, nothing but Tversion is answered
	v9fs     bool   // the client is Linux's
	attached bool   // the client has attached once
	work     int    // units done in this turn
	fids     fids

	// held is the session that the last data message was about, or nil, and
	// holding keeps others from it.
	held    *device.Session
	holding device.Held

	srv      *Server
	spare    *fid // for the next walk: one that was clunked
	extents  extents
	textSize int // bytes of the listings that are open

	peer peer
	log  *slog.Logger
}

// le is the byte order of 9P.
var le = binary.LittleEndian

// v9fsMask is the request mask of the Tgetattr with which the Linux client
// starts on every inode (fs/9p/vfs_inode_dotl.c: P9_STATS_BASIC and more). No
// known library asks for just this.
const v9fsMask = 0x17ff

// Errors that end a connection: after these, frames cannot be told apart.
var (
	errFrameSize  = errors.New("frame shorter than its head")
	errFrameLimit = errors.New("frame larger than agreed")
)

// Process implements Processor. It stops early when flushSize has gathered or a share of
// work is done (turn.go).
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
		// Data messages go past answer: a call less makes BenchmarkReadDepth/64 8% faster.
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

// answer appends the reply to one message: data go to the device in place, everything
// else to control, whose error becomes Rlerror.
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

// answerTraced is answer that shows both messages to the hook.
func (f *front) answerTraced(m wire.Frame, out []byte) []byte {
	start := len(out)
	out = f.answer(m, out)
	f.release() // the hook may do what it likes, also look at sessions
	f.srv.Trace(f.peer.conn + " " + m.Line())
	f.srv.Trace(f.peer.conn + " " + wire.Frame(out[start:]).Line())
	return out
}

// refuse appends Rlerror for an error.
func refuse(out []byte, tag uint16, err error) []byte {
	return wire.AppendError(out, tag, uint32(wire.Errno(err)))
}

// endSession frees every session. The front takes no messages but Tversion afterwards.
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

// iounit is the largest count of a read or write that one message takes.
func (f *front) iounit() uint32 { return f.msize - wire.IOHeadSize }

// checkNewFID refuses fids that may not be made. EMFILE and ENFILE are for one too many.
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

// newFID returns a fid that is the given file. One that was clunked serves again, which
// saves a third of the memory that opens take (BenchmarkOpen).
func (f *front) newFID(file tree.File) *fid {
	made := f.spare
	f.spare = nil
	if made == nil {
		made = new(fid)
	}
	made.File = file
	return made
}

// putFID enters a fid, and counts it if it is new.
func (f *front) putFID(number uint32, to *fid) {
	before := f.fids.n
	f.fids.put(number, to)
	f.srv.fids.Add(int64(f.fids.n - before))
}
