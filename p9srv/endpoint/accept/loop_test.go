package accept

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failing is a listener whose first accepts fail. A kernel does not return these errors on
// demand.
type failing struct {
	net.Listener
	errs []error
}

func (f *failing) Accept() (net.Conn, error) {
	if len(f.errs) == 0 {
		return f.Listener.Accept()
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, err
}

// listening returns a listener to which a client has connected.
func listening(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return l
}

// ofAccept returns an error of accept(2) in the form of package net.
func ofAccept(err error) error {
	return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", err)}
}

func TestNextTriesAgainAfterAnErrorOfOneConnection(t *testing.T) {
	for _, errno := range []syscall.Errno{
		syscall.EPROTO, syscall.EPERM, syscall.ENOSPC, syscall.ECONNABORTED, syscall.ECONNRESET,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
		syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.ETIMEDOUT, syscall.EACCES, syscall.EIO,
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EINTR, syscall.EAGAIN,
	} {
		t.Run(errno.Error(), func(t *testing.T) {
			var reported []error
			loop := Loop{
				Listener: &failing{listening(t), []error{ofAccept(errno), errno, fmt.Errorf("wrapped: %w", errno)}},
				Failed: func(err error, retry time.Duration) {
					reported = append(reported, err)
					assert.Equal(t, firstPause, retry)
				},
			}
			c, err := loop.Next(t.Context())
			require.NoError(t, err)
			require.NoError(t, c.Close())
			require.Len(t, reported, 1, "one report a second")
			assert.ErrorIs(t, reported[0], errno)
			assert.Zero(t, loop.pause, "the next pause is short again")
		})
	}
}

func TestErrorOfAListenerThatHasEndedEndsTheLoop(t *testing.T) {
	for _, want := range []error{syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK, net.ErrClosed, io.EOF, errors.New("ended")} {
		loop := Loop{Listener: &failing{listening(t), []error{ofAccept(want)}}}
		_, err := loop.Next(t.Context())
		assert.ErrorIs(t, err, want)
	}
}

func TestClosedListenerEndsTheLoop(t *testing.T) {
	l := listening(t)
	require.NoError(t, l.Close())
	_, err := (&Loop{Listener: l}).Next(t.Context())
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestDeadlineOfAListenerDoesNotEndTheLoop(t *testing.T) {
	l := listening(t)
	require.NoError(t, l.(*net.TCPListener).SetDeadline(time.Unix(1, 0)))
	loop := Loop{Listener: l, Failed: func(err error, _ time.Duration) {
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.NoError(t, l.(*net.TCPListener).SetDeadline(time.Time{}))
	}}
	c, err := loop.Next(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.Close())
}

// TestEndOfTheContextEndsAPause: a shutdown must not wait for the pause.
func TestEndOfTheContextEndsAPause(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	loop := Loop{
		Listener: &failing{listening(t), []error{syscall.EMFILE}}, pause: time.Hour,
		Failed: func(error, time.Duration) { cancel() },
	}
	_, err := loop.Next(ctx)
	assert.ErrorIs(t, err, context.Canceled)
}
