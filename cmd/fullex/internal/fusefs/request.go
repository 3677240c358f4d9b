package fusefs

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"fullex/p9srv/client"
)

// user is the user and thread that make a request. thread is 0 for a thread of another pid
// namespace.
type user struct{ uid, thread uint32 }

// background is for calls without a waiting program, and for a server in this process.
var background = context.Background()

// contextOf returns a context that ends when the kernel interrupts the request. The context
// does not end if the server is in this process.
func (m *Mount) contextOf(cancel <-chan struct{}) context.Context {
	if m.inMemory {
		return background
	}
	return interruption(cancel)
}

// interruption is a context that ends when the channel is closed.
type interruption <-chan struct{}

// Deadline implements context.Context.
func (interruption) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (i interruption) Done() <-chan struct{} { return i }

// Err implements context.Context.
func (i interruption) Err() error {
	select {
	case <-i:
		return context.Canceled
	default:
		return nil
	}
}

// Value implements context.Context.
func (interruption) Value(any) any { return nil }

// slowTime is how long the server may take for the second try of an interrupted call.
const slowTime = 2 * time.Second

// patiently makes a call. If the call was interrupted and has done nothing, patiently makes
// it once more. Programs do not expect EINTR from stat(2) and similar calls. And the kernel
// also interrupts for a debugger or a stop, which are not signals to the program
// (fs/fuse/dev.c, request_wait_answer). A killed process waits for the second try, too, so
// that is short.
func (m *Mount) patiently(cancel <-chan struct{}, call func(context.Context) syscall.Errno) fuse.Status {
	errno := call(m.contextOf(cancel))
	if errno == syscall.EINTR {
		ctx, stop := context.WithTimeout(background, slowTime)
		defer stop()
		errno = call(ctx)
	}
	return fuse.Status(errno)
}

// errnoOf returns the errno for the program:
//
//   - the server's errno, if it replied with one
//   - EINTR for a call that was interrupted and has done nothing (flush(5))
//   - EIO for a call of unknown effect, and after the end of the connection
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.Is(err, client.ErrNoAnswer):
		return syscall.EIO
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return syscall.EINTR
	case errors.As(err, &errno):
		return errno
	}
	return syscall.EIO
}
