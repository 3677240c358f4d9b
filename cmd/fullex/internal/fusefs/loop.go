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

// loop reads the kernel's requests from /dev/fuse and writes the replies. The library
// has a loop, too: it wakes a second thread for every request, logs replies that nobody
// waits for any more, and cannot send what setting a size needs (sizes.go). With a server
// in this process an operation takes two thirds of the time with this one (go run
// ./tests/bench fuse).
//
// The goroutine that reads a request also answers it. As few goroutines read as can keep up,
// because the kernel wakes waiting readers in turn, each on a thread of its own (readers.go).
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
	// maxCount is the most that the kernel reads or writes with one request, in bytes:
	// the most that it does (FUSE_MAX_MAX_PAGES of Linux 6.1), as an asynchronous read
	// that is larger becomes several requests at the same time, each of which pops.
	maxCount = 1 << 20
	// headRoom is what a request or reply has beside that, at most: less than a page.
	headRoom = 4 << 10
)

// start starts the first reader, and what starts others for requests that wait.
func (l *loop) start() {
	l.readers.start(l.run)
	if l.waits {
		l.readers.relieve()
	}
}

// run answers requests until the mount ends or there are enough other readers.
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
			buffers.Put(in) // others use it meanwhile
			in = nil
		}
		l.answer(request, own)
		l.answered.Add(1)
		if !l.stays(&pace, others) {
			return
		}
	}
}

// end takes the error of a read, after which there are no more requests.
func (l *loop) end(err error) {
	if !errors.Is(err, syscall.ENODEV) { // what the end of a mount is (fs/fuse/dev.c)
		l.log.Error("read requests", "error", err)
	}
	l.once.Do(func() {
		close(l.over)
		l.ended()
	})
}

// buffers have room for the largest request or reply: the kernel reads no request into
// less (fs/fuse/dev.c, fuse_dev_do_read).
var buffers = sync.Pool{New: func() any { return new([maxCount + headRoom]byte) }}

// small is what a reader has of its own, for the requests that wait and their replies.
// Nearly all are smaller: others have one of the buffers for as long as they wait.
type small struct {
	request [512]byte
	reply   [1 << 10]byte
}

// next waits for a request. ENODEV after the end of the mount.
func (l *loop) next(in []byte) ([]byte, error) {
	for {
		n, err := syscall.Read(l.fd, in)
		switch err {
		case nil:
			return in[:n], nil
		case syscall.EINTR, syscall.EAGAIN, syscall.ENOENT: // the last: its process was killed first
		default:
			return nil, err
		}
	}
}

// Numbers of requests, offsets and sizes (include/uapi/linux/fuse.h).
const (
	opRead, opSetXattr, opGetXattr, opListXattr, opRemoveXattr = 15, 21, 22, 23, 24
	opReadDir, opIoctl, opStatx                                = 28, 39, 52

	inOpcode, inUnique, inHead, readSize = 4, 8, 40, 56 // the last of a read alone
	outSize                              = 16
)

// answer answers a request.
func (l *loop) answer(request []byte, own *small) {
	if len(request) < inHead {
		l.log.Error("a request of the kernel is too short", "bytes", len(request))
		return
	}
	unique := binary.NativeEndian.Uint64(request[inUnique:])
	var reply []byte
	switch op := binary.NativeEndian.Uint32(request[inOpcode:]); op {
	case opStatx, opIoctl, opSetXattr, opGetXattr, opListXattr, opRemoveXattr:
		// The kernel asks for less then, or tells the program so. The library would log
		// the first, and wants room for what is not there.
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

// handled has the library answer into out, and returns the reply: EIO if the library has
// none.
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

// write sends a reply or a notification. It is not an error if nobody waits for it.
func (l *loop) write(message []byte) error {
	_, err := syscall.Write(l.fd, message)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENODEV) {
		return nil // an interrupt that came too late, an unknown node, or the end of the mount
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
