package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/hugelgupf/p9/linux"

	"fullex/p9srv/wire"
)

// ErrEnded stands for all the ways in which a connection can be of no more use.
var ErrEnded = errors.New("the connection to the server has ended")

// ErrNoAnswer means that a call was given up: nobody knows what the server did, or will do.
var ErrNoAnswer = errors.New("the server does not answer")

// What ends a connection besides ErrEnded.
var (
	errSize   = errors.New("a reply has a size that cannot be")
	errTag    = errors.New("a reply has a tag of no request")
	errReply  = errors.New("a reply does not fit its request")
	errSilent = fmt.Errorf("%d requests have no answer", maxDead)
)

// errClosed is why the client's own user ended the connection.
var errClosed = errors.New("closed")

// errTags refuses a call while all 65,535 tags are in use.
var errTags = errors.New("too many requests at the same time")

// Error is what a call returns.
type Error struct {
	Call string // "attach", "walk", "open", "read", "write", "close", "list" or such
	Path string // of the file from the attached directory, with a leading slash
	Err  error  // a syscall.Errno where the server refused
}

// Error returns one line.
func (e *Error) Error() string { return e.Call + " " + e.Path + ": " + e.Err.Error() }

// Unwrap returns what happened.
func (e *Error) Unwrap() error { return e.Err }

// ended is ErrEnded, with a reason unless that says no more. The reason is not unwrapped: its
// errno is none that the server replied.
func ended(why error) error {
	for _, end := range []error{io.EOF, io.ErrClosedPipe, net.ErrClosed, os.ErrClosed, syscall.EPIPE, syscall.ECONNRESET, errClosed} {
		if errors.Is(why, end) {
			return ErrEnded
		}
	}
	return fmt.Errorf("%w: %v", ErrEnded, why)
}

// unanswered is what a call returns that is given up.
func unanswered(ctx context.Context) error { return fmt.Errorf("%w: %w", ErrNoAnswer, ctx.Err()) }

// ReplyError returns why a message that came is not what a request of that type asks for: the
// [syscall.Errno] with which the server refused it, or that it is no reply to it; else nil. It
// is for those to whom a connection was lent.
func ReplyError(m wire.Frame, request wire.Type) error {
	if err := check(m, request); err != nil {
		return err
	}
	return refusal(m)
}

// check returns an error for a reply that is not one to a request of that type, or whose
// fields cannot be read.
func check(m wire.Frame, request wire.Type) error {
	if typ := m.Type(); typ != request+1 && typ != wire.Rlerror || !m.Fits() {
		return fmt.Errorf("%w: %s to %s", errReply, typ, request)
	}
	return nil
}

// mostErrno is above all errno values that a program may see. The kernel keeps those from
// 512 on for itself.
const mostErrno = 512

// refusal returns the errno of an Rlerror, and nil for another reply.
func refusal(m wire.Frame) error {
	if m.Type() != wire.Rlerror {
		return nil
	}
	body := m.Body()
	errno := linux.Errno(body.U32())
	if errno == 0 || errno >= mostErrno {
		errno = linux.EIO
	}
	return wire.Local(errno)
}
