package fusefs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// loop reads the kernel's requests from /dev/fuse and writes the replies. The FUSE library
// has a loop, too, but that one wakes a second thread for every request. It logs replies
// that nobody waits for any more, and it cannot send the notifications of sizes.go. With a
// server in this process an operation takes two thirds of the library's time (go run
// ./tests/bench fuse).
//
// The goroutine that reads a request also answers it. Only as many goroutines read as are
// needed to keep up. The kernel wakes waiting readers in turn, each on a thread of its own
// (readers.go).
type loop struct {
	fd     int
	server *fuse.ProtocolServer
	log    *slog.Logger
	waits  bool   // a request may wait for a server in another process
	ended  func() // called once, when the mount has ended
	once   sync.Once
	readers
}

const (
	// maxCount is the most bytes that the kernel reads or writes with one request. It is as
	// large as the kernel allows (FUSE_MAX_MAX_PAGES of Linux 6.1). A larger asynchronous
	// read becomes several requests at the same time, and each of them pops.
	maxCount = 1 << 20
	// headRoom is the most bytes of a request or reply besides its data: less than a page.
	headRoom = 4 << 10
)

// start starts the first reader, and relieve if requests may wait.
func (l *loop) start() {
	l.readers.start(l.run)
	if l.waits {
		l.readers.relieve()
	}
}

// run is a reader. It answers requests until the mount ends or other readers are enough.
func (l *loop) run() {
	defer l.count.Add(-1)
	own := new(small)
	pace := pace{waits: l.waits}
	var in *[maxCount + headRoom]byte
	for {
		if in == nil {
			in = buffers.Get().(*[maxCount + headRoom]byte)
		}
		began := time.Now()
		request, err := l.next(in[:])
		pace.took(time.Since(began))
		others := l.idle.Add(-1)
		if err != nil {
			l.end(err)
			return
		}
		if others == 0 {
			l.allBusy(&pace)
		}
		if l.waits && len(request) <= len(own.request) {
			request = own.request[:copy(own.request[:], request)]
			buffers.Put(in) // other readers may use it while this request waits
			in = nil
		}
		l.answer(request, own)
		l.answered.Add(1)
		if !l.stays(&pace, others) {
			return
		}
	}
}

// end handles the error of a read, after which no more requests come.
func (l *loop) end(err error) {
	if !errors.Is(err, syscall.ENODEV) { // the mount has ended (fs/fuse/dev.c)
		l.log.Error("read requests", "error", err)
	}
	l.once.Do(func() {
		close(l.over)
		l.ended()
	})
}

// buffers have room for the largest request or reply. The kernel does not accept a smaller
// buffer, whatever the request's size (fs/fuse/dev.c, fuse_dev_do_read).
var buffers = sync.Pool{New: func() any { return new([maxCount + headRoom]byte) }}

// small is a reader's own memory, for requests that may wait and for replies. Nearly all
// of them fit. A larger one uses one of the buffers until it is answered.
type small struct {
	request [512]byte
	reply   [1 << 10]byte
}

// next waits for a request and returns it. The error is ENODEV after the end of the mount.
func (l *loop) next(in []byte) ([]byte, error) {
	for {
		n, err := syscall.Read(l.fd, in)
		switch err {
		case nil:
			return in[:n], nil
		case syscall.EINTR, syscall.EAGAIN, syscall.ENOENT: // ENOENT: its process was killed before
		default:
			return nil, err
		}
	}
}

// Opcodes of requests, offsets in messages, and sizes (include/uapi/linux/fuse.h). The
// offset readSize is that of the size in a read request.
const (
	opRead, opSetXattr, opGetXattr, opListXattr, opRemoveXattr = 15, 21, 22, 23, 24
	opReadDir, opIoctl, opStatx                                = 28, 39, 52

	inOpcode, inUnique, inHead, readSize = 4, 8, 40, 56
	outSize                              = 16
)

// answer answers one request.
func (l *loop) answer(request []byte, own *small) {
	if len(request) < inHead {
		l.log.Error("a request of the kernel is too short", "bytes", len(request))
		return
	}
	unique := binary.NativeEndian.Uint64(request[inUnique:])
	var reply []byte
	switch op := binary.NativeEndian.Uint32(request[inOpcode:]); op {
	case opStatx, opIoctl, opSetXattr, opGetXattr, opListXattr, opRemoveXattr:
		// After ENOSYS the kernel asks with an older request, or fails the program's call.
		// The library would log statx, and would want room for values that do not exist.
		reply = appendHead(own.reply[:0], outSize, -int32(syscall.ENOSYS), unique)
	default:
		out := own.reply[:]
		reads := (op == opRead || op == opReadDir) && len(request) >= readSize+4
		if reads && binary.NativeEndian.Uint32(request[readSize:]) > uint32(len(out)-outSize) {
			large := buffers.Get().(*[maxCount + headRoom]byte)
			defer buffers.Put(large)
			out = large[:]
		}
		reply = l.handled(request, out, unique)
	}
	if len(reply) == 0 {
		return // a request without a reply
	}
	if err := l.write(reply); err != nil {
		l.log.Error("answer the kernel", "error", err)
	}
}

// handled returns the library's reply, which is written into out. The reply is EIO if the
// library fails.
func (l *loop) handled(request, out []byte, unique uint64) []byte {
	n, status := l.server.HandleRequest([][]byte{request}, [][]byte{out})
	if status != fuse.OK {
		return appendHead(out[:0], outSize, -int32(syscall.EIO), unique)
	}
	return out[:n]
}

// appendHead appends a fuse_out_header.
func appendHead(p []byte, size uint32, status int32, unique uint64) []byte {
	p = binary.NativeEndian.AppendUint32(p, size)
	p = binary.NativeEndian.AppendUint32(p, uint32(status))
	return binary.NativeEndian.AppendUint64(p, unique)
}

// write sends a reply or a notification. It returns nil if nobody waits for that any more.
func (l *loop) write(message []byte) error {
	_, err := syscall.Write(l.fd, message)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENODEV) {
		return nil // an interrupt came too late, the node is unknown, or the mount has ended
	}
	return err
}

// wait returns when all readers have ended, and closes the connection with the kernel.
func (l *loop) wait() error {
	l.running.Wait()
	if err := syscall.Close(l.fd); err != nil {
		return fmt.Errorf("close the connection with the kernel: %w", err)
	}
	return nil
}
