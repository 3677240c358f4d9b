package fusefs

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"fullex/p9srv/client"
)

// user is who makes a request. The thread is 0 for those of other pid namespaces.
type user struct{ uid, thread uint32 }

// background is for calls that nobody waits for, or whose server is in this process.
var background = context.Background()

// contextOf returns a context that ends when a signal interrupts the request: the kernel
// tells of any that ends a process or has a handler (fs/fuse/dev.c, request_wait_answer).
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

// slowTime is how long the server may take for a call that was interrupted and is made
// again.
const slowTime = 2 * time.Second

// patiently makes a call, and once more if it was interrupted and has done nothing: programs
// do not expect EINTR from stat(2) and its like, and the kernel also interrupts for what is
// no signal to them, such as a debugger or a stop (fs/fuse/dev.c, request_wait_answer). That
// is no help to a process that is being killed, so it does not take long.
func (m *Mount) patiently(cancel <-chan struct{}, call func(context.Context) syscall.Errno) fuse.Status {
	errno := call(m.contextOf(cancel))
	if errno == syscall.EINTR {
		ctx, stop := context.WithTimeout(background, slowTime)
		defer stop()
		errno = call(ctx)
	}
	return fuse.Status(errno)
}

// errnoOf returns what a program is told: the server's errno; EINTR for a call that a
// signal has ended and that has done nothing (flush(5)); EIO for one of which that is not
// known, and for a connection that has ended.
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
