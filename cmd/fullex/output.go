package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// surviveClosedOutput makes a write to a pipe that nobody reads fail with EPIPE,
// also on the standard output, where it would end the program with SIGPIPE.
func surviveClosedOutput() { signal.Ignore(syscall.SIGPIPE) }

// awaitUnread calls gone, once, when nobody can read w any more: the other end
// of a pipe or socket is closed, or a terminal is gone. A writer that is not a
// file always has its reader. stop ends the wait and may be called twice.
func awaitUnread(w io.Writer, gone func()) (stop func(), err error) {
	f, ok := w.(*os.File)
	if !ok {
		return func() {}, nil
	}
	// The write end is closed to end the wait.
	ended, end, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("watch the output: %w", err)
	}
	var waiting sync.WaitGroup
	waiting.Go(func() {
		defer func() { _ = ended.Close() }() // nothing was written to it
		if lostReader(f, -1, int32(ended.Fd())) {
			gone()
		}
	})
	return sync.OnceFunc(func() {
		_ = end.Close() // likewise
		waiting.Wait()
	}), nil
}

// lostReader reports whether nobody can read f any more. It waits for that up to a
// number of milliseconds (-1: for ever), or until one of the descriptors until
// has something to read or its end.
func lostReader(f *os.File, milliseconds int, until ...int32) bool {
	fds := []unix.PollFd{{Fd: int32(f.Fd())}}
	for _, fd := range until {
		fds = append(fds, unix.PollFd{Fd: fd, Events: unix.POLLIN})
	}
	for {
		_, err := unix.Poll(fds, milliseconds)
		if err == unix.EINTR {
			continue
		}
		return err == nil && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
	}
}
