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

// ErrEnded means that the connection has ended, for whatever reason.
var ErrEnded = errors.New("the connection to the server has ended")

// ErrNoAnswer means that a call was given up. The server may have done it, or do it later.
var ErrNoAnswer = errors.New("the server does not answer")

// Reasons for the end of a connection.
var (
	errSize   = errors.New("a reply has an impossible size")
	errTag    = errors.New("a reply has a tag that no request has")
	errReply  = errors.New("a reply does not fit its request")
	errSilent = fmt.Errorf("%d requests have no answer", maxDead)
)

// errClosed is the reason when Close has ended the connection.
var errClosed = errors.New("closed")

// errTags refuses a call while all 65,535 tags are in use.
var errTags = errors.New("too many requests at the same time")

// Error is what a call returns.
type Error struct {
	Call string // "attach", "walk", "open", "read", "write", "close", "list" or such
	Path string // of the file from the attached directory, with a leading slash
	Err  error  // a syscall.Errno if the server refused
}

// Error returns the call, the path and the cause, in one line.
func (e *Error) Error() string { return e.Call + " " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ended returns ErrEnded, with the reason if that says more. It does not wrap the reason: an
// errno in it is not one that the server replied.
func ended(why error) error {
	for _, end := range []error{io.EOF, io.ErrClosedPipe, net.ErrClosed, os.ErrClosed, syscall.EPIPE, syscall.ECONNRESET, errClosed} {
		if errors.Is(why, end) {
			return ErrEnded
		}
	}
	return fmt.Errorf("%w: %v", ErrEnded, why)
}

// unanswered returns the error of a call that is given up.
func unanswered(ctx context.Context) error { return fmt.Errorf("%w: %w", ErrNoAnswer, ctx.Err()) }

// ReplyError returns nil if a message is a successful reply to a request of a type. If it is
// a refusal, the error is the server's [syscall.Errno]. Otherwise the error says that the
// message does not fit the request. ReplyError is for callers of [Conn.Lend].
func ReplyError(m wire.Frame, request wire.Type) error {
	if err := check(m, request); err != nil {
		return err
	}
	return refusal(m)
}

// check returns an error if a message is not a reply to a request of a type, or if its body
// cannot be read.
func check(m wire.Frame, request wire.Type) error {
	if typ := m.Type(); typ != request+1 && typ != wire.Rlerror || !m.Fits() {
		return fmt.Errorf("%w: %s to %s", errReply, typ, request)
	}
	return nil
}

// mostErrno is above all errno values that a program may see. Linux uses those from 512 on
// only inside the kernel.
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
