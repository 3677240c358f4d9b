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
// of a pipe or socket is closed, or a terminal is gone. For a writer that is not a
// file it never calls gone. stop ends the wait and may be called twice.
func awaitUnread(w io.Writer, gone func()) (stop func(), err error) {
	f, ok := w.(*os.File)
	if !ok {
		return func() {}, nil
	}
	// Closing the write end ends the wait.
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
		_ = end.Close() // nothing was written to it
		waiting.Wait()
	}), nil
}

// lostReader reports whether nobody can read f any more. It waits for that up to a number of
// milliseconds (-1: for ever). The wait also ends when one of the descriptors in until can
// be read or has been closed at its other end.
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
