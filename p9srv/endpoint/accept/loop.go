// Package accept takes connections from a listener until the listener itself is gone. It
// knows nothing of what they carry.
package accept

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"fullex/p9srv/deadline"
)

// Loop accepts connections from one listener. One goroutine uses it. The errors that
// accept(2) has for one connection, for the network or for a shortage do not end it.
type Loop struct {
	// Listener is accepted from. Immutable.
	Listener net.Listener
	// Failed is called with an error after which Next tries again, and with the pause
	// until then. Of errors that follow each other closely it gets one a second. Immutable.
	Failed func(err error, retry time.Duration)

	pause time.Duration
	told  time.Time // when Failed was called last
}

// The pause doubles from firstPause to lastPause while accepting fails.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// tellTime is the time between two calls of Failed.
const tellTime = time.Second

// Next returns the next connection. It returns the context's error when ctx ends during a
// pause, and the listener's when the listener takes no connections any more. Closing the
// listener ends a wait.
func (l *Loop) Next(ctx context.Context) (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err == nil {
			l.pause = 0
			return c, nil
		}
		if isGone(err) || ctx.Err() != nil {
			return nil, errors.Join(err, ctx.Err())
		}
		l.pause = min(max(2*l.pause, firstPause), lastPause)
		l.tell(err)
		if err := deadline.Sleep(ctx, l.pause); err != nil {
			return nil, err
		}
	}
}

func (l *Loop) tell(err error) {
	if now := time.Now(); now.Sub(l.told) >= tellTime {
		l.told = now
		l.Failed(err, l.pause)
	}
}

// isGone reports whether a listener takes no connections any more. Every other errno is
// about one connection or passes (accept(2), "Error handling"). An error that is no errno
// is not of accept(2): a listener that is no socket has ended.
func isGone(err error) bool {
	var errno syscall.Errno
	var timeout net.Error
	switch {
	case errors.Is(err, net.ErrClosed):
		return true
	case errors.As(err, &errno):
		return errno == syscall.EBADF || errno == syscall.EINVAL || errno == syscall.ENOTSOCK
	}
	return !errors.As(err, &timeout) || !timeout.Timeout()
}
