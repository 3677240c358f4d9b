//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reading is a way to read an open file to its end.
type reading struct {
	name string
	read func(fd int) ([]byte, error)
}

var readings = []reading{
	{"read of 100", byRead(100)},
	{"read of 4096", byRead(4096)},
	wholeRead,
	{"pread of 1000", byPread(1000)},
	{"sendfile", bySendfile},
	{"copy_file_range", byCopyFileRange},
	{"io_submit of 4096", byAsynchronousRead(4096)},
}

// wholeRead reads all with one call.
var wholeRead = reading{"read of 1 MiB", byRead(1 << 20)}

func byRead(size int) func(fd int) ([]byte, error) {
	return inParts(size, func(fd int, p []byte, _ int) (int, error) { return syscall.Read(fd, p) })
}

func byPread(size int) func(fd int) ([]byte, error) {
	return inParts(size, func(fd int, p []byte, offset int) (int, error) { return syscall.Pread(fd, p, int64(offset)) })
}

// inParts makes reads of one size until one returns nothing.
func inParts(size int, read func(fd int, p []byte, offset int) (int, error)) func(fd int) ([]byte, error) {
	return func(fd int) (text []byte, err error) {
		for p := make([]byte, size); ; {
			n, err := read(fd, p, len(text))
			if n <= 0 || err != nil {
				return text, err
			}
			text = append(text, p[:n]...)
		}
	}
}

// bySendfile copies with sendfile(2).
func bySendfile(fd int) ([]byte, error) {
	return copied(func(to *os.File) (int, error) { return syscall.Sendfile(int(to.Fd()), fd, nil, 1<<20) })
}

// byCopyFileRange copies with copy_file_range(2). If Linux refuses to copy from one file
// system to another, it uses read(2), as programs do.
func byCopyFileRange(fd int) ([]byte, error) {
	text, err := copied(func(to *os.File) (int, error) { return unix.CopyFileRange(fd, nil, int(to.Fd()), nil, 1<<20, 0) })
	if err == syscall.EXDEV && len(text) == 0 {
		return byRead(4096)(fd)
	}
	return text, err
}

// copied calls some, which copies to a file in memory, until nothing more is copied. It
// returns the content of the file.
func copied(some func(to *os.File) (int, error)) (text []byte, err error) {
	to, err := os.CreateTemp("/tmp", "copy")
	if err != nil {
		return nil, err
	}
	defer func() { err = firstError(err, os.Remove(to.Name()), to.Close()) }()
	for n := 1; n > 0 && err == nil; {
		n, err = some(to)
	}
	if err != nil {
		return nil, err
	}
	if _, err := to.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(to)
}

// ioControlBlock and ioEvent are struct iocb and struct io_event of linux/aio_abi.h. Fields
// without a name are 0, so that the operation is IOCB_CMD_PREAD.
type ioControlBlock struct {
	_              [20]byte
	fd             uint32
	buffer, length uint64
	offset         int64
	_              [16]byte
}

type ioEvent struct {
	_      [16]byte
	result int64
	_      [8]byte
}

// byAsynchronousRead reads with io_submit(2), as libaio does.
func byAsynchronousRead(size int) func(fd int) ([]byte, error) {
	return func(fd int) ([]byte, error) {
		var context uintptr
		if _, _, errno := syscall.Syscall(unix.SYS_IO_SETUP, 1, uintptr(unsafe.Pointer(&context)), 0); errno != 0 {
			return nil, fmt.Errorf("io_setup: %w", errno)
		}
		defer func() { _, _, _ = syscall.Syscall(unix.SYS_IO_DESTROY, context, 0, 0) }() // nothing is under way
		return inParts(size, func(fd int, p []byte, offset int) (int, error) {
			block := &ioControlBlock{fd: uint32(fd), buffer: uint64(uintptr(unsafe.Pointer(&p[0]))), length: uint64(len(p)), offset: int64(offset)}
			if _, _, errno := syscall.Syscall(unix.SYS_IO_SUBMIT, context, 1, uintptr(unsafe.Pointer(&block))); errno != 0 {
				return 0, fmt.Errorf("io_submit: %w", errno)
			}
			var event ioEvent
			if _, _, errno := syscall.Syscall6(unix.SYS_IO_GETEVENTS, context, 1, 1, uintptr(unsafe.Pointer(&event)), 0, 0); errno != 0 {
				return 0, fmt.Errorf("io_getevents: %w", errno)
			}
			if event.result < 0 {
				return 0, syscall.Errno(-event.result)
			}
			return int(event.result), nil
		})(fd)
	}
}
