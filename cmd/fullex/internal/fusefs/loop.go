package fusefs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
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
// A request is answered by the goroutine that has read it. Another reader must be there
// before one waits for anything but the kernel: the request that ends the wait, such as
// FUSE_INTERRUPT or FUSE_RELEASE, would not be read.
type loop struct {
	fd     int
	server *fuse.ProtocolServer
	log    *slog.Logger
	waits  bool   // every request may wait for a server in another process
	ended  func() // is called once, when the mount has ended
	once   sync.Once

	readers sync.WaitGroup
	count   atomic.Int32 // readers
	idle    atomic.Int32 // readers that wait for a request
}

const (
	// maxCount is the most that the kernel reads or writes with one request, in bytes:
	// the most that it does (FUSE_MAX_MAX_PAGES of Linux 6.1), as an asynchronous read
	// that is larger becomes several requests at the same time, each of which pops.
	maxCount = 1 << 20
	// headRoom is what a request or reply has beside that, at most: less than a page.
	headRoom = 4 << 10
	// maxIdle is how many readers wait for requests where each may wait for the server.
	// More are started and end as they are needed.
	maxIdle = 16
)

// start starts the first reader.
func (l *loop) start() {
	l.idle.Add(1)
	l.startReader()
}

// spare starts a reader, unless one waits for requests.
func (l *loop) spare() {
	if l.idle.CompareAndSwap(0, 1) {
		l.startReader()
	}
}

// startReader starts a reader, which has been counted as idle.
func (l *loop) startReader() {
	l.count.Add(1)
	l.readers.Go(l.run)
}

// Numbers for deciding how many readers there are.
const (
	// promptTime is how long a read of a request that was there already takes at most.
	promptTime = 4 * time.Microsecond
	// promptReads is after how many of them in a row there is work for another reader.
	promptReads = 1000
)

// run answers requests until the mount ends or there are enough other readers.
func (l *loop) run() {
	defer l.count.Add(-1)
	r := reader{in: make([]byte, maxCount+headRoom), out: make([]byte, maxCount+headRoom)}
	for prompt := 0; ; {
		began := time.Now()
		request, err := r.next(l.fd)
		waited := time.Since(began) > promptTime
		left := l.idle.Add(-1)
		if err != nil {
			l.end(err)
			return
		}
		if prompt++; waited {
			prompt = 0
		}
		if l.waits || prompt == promptReads && l.mayGrow() {
			l.spare()
		}
		l.answer(&r, request)
		if l.waits && left >= maxIdle || !l.waits && waited && l.idle.Load() > 0 {
			return
		}
		l.idle.Add(1)
	}
}

// mayGrow reports whether more readers can be of use. With one reader for two processors
// those who make the requests can run, too.
func (l *loop) mayGrow() bool { return int(l.count.Load()) < runtime.NumCPU()/2 }

// end takes the error of a read, after which there are no more requests.
func (l *loop) end(err error) {
	if !errors.Is(err, syscall.ENODEV) { // what the end of a mount is (fs/fuse/dev.c)
		l.log.Error("read requests", "error", err)
	}
	l.once.Do(l.ended)
}

// reader is the memory of one reader. What no request has used of it takes none.
type reader struct{ in, out []byte }

// next waits for a request. ENODEV after the end of the mount.
func (r *reader) next(fd int) ([]byte, error) {
	for {
		n, err := syscall.Read(fd, r.in)
		switch err {
		case nil:
			return r.in[:n], nil
		case syscall.EINTR, syscall.EAGAIN, syscall.ENOENT: // the last: its process was killed first
		default:
			return nil, err
		}
	}
}

// opStatx is FUSE_STATX (include/uapi/linux/fuse.h), which the library has no call for
// and would log: ENOSYS makes the kernel ask for less.
const opStatx = 52

// Offsets and sizes of fuse_in_header and fuse_out_header (include/uapi/linux/fuse.h).
const (
	inOpcode, inUnique = 4, 8
	outSize            = 16
)

// answer answers a request.
func (l *loop) answer(r *reader, request []byte) {
	if len(request) < inUnique+8 {
		l.log.Error("a request of the kernel is too short", "bytes", len(request))
		return
	}
	n, status := 0, fuse.ENOSYS
	if binary.NativeEndian.Uint32(request[inOpcode:]) != opStatx {
		n, status = l.server.HandleRequest([][]byte{request}, [][]byte{r.out})
	}
	reply := r.out[:n]
	if status != fuse.OK {
		reply = appendHead(r.out[:0], outSize, -int32(status), binary.NativeEndian.Uint64(request[inUnique:]))
	}
	if len(reply) == 0 {
		return // a request without a reply
	}
	if err := l.write(reply); err != nil {
		l.log.Error("answer the kernel", "error", err)
	}
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
	l.readers.Wait()
	if err := syscall.Close(l.fd); err != nil {
		return fmt.Errorf("close the connection with the kernel: %w", err)
	}
	return nil
}
