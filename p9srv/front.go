package p9srv

import (
	"errors"
	"fmt"
	"log/slog"
	"syscall"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"

	"fullex/device"
)

// front answers the messages of one connection. It is plain code over bytes
// without I/O: process takes what arrived and appends what must leave.
//
// Messages are taken strictly in order, and each is answered before the next
// is looked at. So no tag is ever in use when a message arrives, a Tflush
// never finds anything to cancel, and replies leave in the order of requests.
//
// A front is used by one goroutine.
type front struct {
	// First what a data message touches.
	plain    bool   // answerPlain may answer: a session, not of v9fs, not traced
	v9fs     bool   // the client is Linux's
	attached bool   // the client has attached once, or tried to
	msize    uint32 // agreed; 0: no session, nothing but Tversion is answered
	fids     fids
	wire     *faultyWire // nil without faults

	// held is the session that the last data message was about, or nil, and
	// holding keeps others from it.
	held    *device.Session
	holding device.Held

	srv      *Server
	library  *library // of the session; nil: none
	extents  extents
	textSize int // bytes of the listings that are open

	// next is the file of the newfid of the control message in hand, for the
	// library to take.
	next *file
	// request is where a message to the library is written if it differs from
	// the client's.
	request []byte

	peer peer
	log  *slog.Logger
}

// v9fsMask is the request mask of the Tgetattr with which the Linux client
// starts on every inode (fs/9p/vfs_inode_dotl.c: P9_STATS_BASIC and more). No
// known library asks for just this.
const v9fsMask = 0x17ff

// Errors that end a connection: after these, frames cannot be told apart.
var (
	errFrameSize  = errors.New("frame shorter than its head")
	errFrameLimit = errors.New("frame larger than agreed")
)

// process answers the complete frames at the start of in and appends the
// replies to out. It returns how many bytes it used and stops early when
// flushSize has gathered; what is left belongs to the next call. After an
// error the connection must be closed, when out has been written.
func (f *front) process(in, out []byte) (used int, _ []byte, err error) {
	if f.wire != nil {
		return f.wire.process(f, in, out)
	}
	return f.processSoundly(in, out)
}

func (f *front) processSoundly(in, out []byte) (used int, _ []byte, err error) {
	defer f.release()
	for len(out) < flushSize {
		if f.plain {
			var n int
			n, out = f.answerPlain(in[used:], out)
			used += n
		}
		if len(in)-used < 4 || len(out) >= flushSize {
			break
		}
		size := le.Uint32(in[used:])
		if size < headerSize {
			return used, out, fmt.Errorf("%w: size %d", errFrameSize, size)
		}
		if limit := f.frameLimit(); size > limit {
			return used, out, fmt.Errorf("%w: size %d, limit %d", errFrameLimit, size, limit)
		}
		if uint32(len(in)-used) < size {
			break
		}
		frame := in[used : used+int(size) : used+int(size)]
		if out, err = f.answer(frame, out); err != nil {
			return used, out, err
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

// answer appends the reply to one frame, and traces both if asked to.
func (f *front) answer(frame, out []byte) ([]byte, error) {
	start := len(out)
	out, err := f.dispatch(parseHead(frame), out)
	if f.srv.Trace != nil {
		f.release() // the hook may do what it likes, also look at sessions
		f.srv.Trace(f.peer.conn + " " + traceLine(frame))
		if len(out) > start {
			f.srv.Trace(f.peer.conn + " " + traceLine(out[start:]))
		}
	}
	return out, err
}

// dispatch has a message answered. An errno becomes Rlerror; another error
// ends the connection.
func (f *front) dispatch(m message, out []byte) ([]byte, error) {
	start := len(out)
	out, err := f.handle(m, out)
	if errno, ok := err.(syscall.Errno); ok {
		return refuse(out[:start], m.tag, errno), nil
	}
	return out, err
}

// handle sends data to the device in place and everything else to control.
func (f *front) handle(m message, out []byte) ([]byte, error) {
	if f.msize != 0 {
		switch m.typ {
		case tread:
			return f.read(m, out)
		case twrite:
			return f.write(m, out)
		}
	}
	f.release()
	if m.typ == tversion {
		return f.version(m, out)
	}
	if f.msize == 0 {
		return out, syscall.EPROTO
	}
	return f.control(m, out)
}

// takeNext gives the library the file that was made for the newfid in hand.
func (f *front) takeNext() *file {
	next := f.next
	f.next = nil
	return next
}

// Attach implements p9.Attacher: it hands over the directory that the front
// found for the aname.
func (f *front) Attach() (p9.File, error) {
	next := f.takeNext()
	if next == nil {
		return nil, linux.EIO
	}
	return next, nil
}

// endSession frees every session and lets the library go. The front takes no
// messages but Tversion afterwards.
func (f *front) endSession() {
	f.msize = 0
	f.v9fs, f.plain = false, false
	if f.endLibrary() {
		f.fids.all(func(open *file) {
			if err := open.Close(); err != nil {
				f.log.Error("close", "path", open.node.String(), "error", err)
			}
		})
	}
	f.srv.fids.Add(-int64(f.fids.n))
	f.fids = fids{}
	f.extents = extents{}
}

// endLibrary ends the library's run, which closes every file, and says whether
// the files are the front's alone now. They are not where the library is stuck:
// it closes them when, and if, it comes back.
func (f *front) endLibrary() bool {
	if f.library == nil {
		return true
	}
	err := f.library.close()
	f.library = nil
	if err != nil {
		f.log.Error("end of session", "error", err)
	}
	return err == nil
}

// iounit is the largest count of a read or write that one message takes.
func (f *front) iounit() uint32 { return f.msize - ioHeaderSize }
