package target

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

var _ OtherReads = mountedFile(0)

// iocb is struct iocb of linux/aio_abi.h. The order of its key and flags depends on the byte
// order of the machine, but both are 0.
type iocb struct {
	_      [2]uint64 // data, key and flags of the read
	opcode uint16
	_      int16 // priority
	fd     uint32
	buf    uint64
	nbytes uint64
	offset int64
	_      [2]uint64 // reserved, flags and resfd
}

// ioEvent is struct io_event.
type ioEvent struct {
	_   [2]uint64 // data and obj
	res int64
	_   int64 // res2
}

// opPread is IOCB_CMD_PREAD.
const opPread = 0

// Submit implements OtherReads.
func (f mountedFile) Submit(p []byte, offset int64) (n int, err error) {
	var context uintptr
	if _, _, errno := unix.Syscall(unix.SYS_IO_SETUP, 1, uintptr(unsafe.Pointer(&context)), 0); errno != 0 {
		return 0, errno
	}
	defer func() {
		if _, _, errno := unix.Syscall(unix.SYS_IO_DESTROY, context, 0, 0); errno != 0 {
			err = errors.Join(err, errno)
		}
	}()
	var pins runtime.Pinner
	defer pins.Unpin()
	pins.Pin(unsafe.SliceData(p))
	request := &iocb{opcode: opPread, fd: uint32(f), buf: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))), nbytes: uint64(len(p)), offset: offset}
	pins.Pin(request)
	if _, _, errno := unix.Syscall(unix.SYS_IO_SUBMIT, context, 1, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return 0, errno
	}
	var event ioEvent
	for {
		_, _, errno := unix.Syscall6(unix.SYS_IO_GETEVENTS, context, 1, 1, uintptr(unsafe.Pointer(&event)), 0, 0)
		if errno == 0 {
			break
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
	if event.res < 0 {
		return 0, syscall.Errno(-event.res)
	}
	return int(event.res), nil
}

// Send implements OtherReads.
func (f mountedFile) Send(p []byte) (n int, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close(), w.Close()) }()
	to, err := w.SyscallConn()
	if err != nil {
		return 0, err
	}
	controlErr := to.Control(func(fd uintptr) {
		n, err = uninterrupted(func(from int, p []byte) (int, error) {
			return syscall.Sendfile(int(fd), from, nil, len(p))
		}, int(f), p)
	})
	if err = errors.Join(err, controlErr); err != nil || n == 0 {
		return n, err
	}
	return r.Read(p[:n])
}
