// Package accept accepts connections from a listener until the listener itself ends. It knows
// nothing about what the connections carry.
package accept

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"fullex/p9srv/deadline"
)

// Loop accepts connections from one listener. Some errors of accept(2) are about one
// connection, the network or a lack of resources: after these it tries again. One goroutine
// uses a Loop.
type Loop struct {
	// Listener is the source of connections. Immutable.
	Listener net.Listener
	// Failed is called with an error after which Next tries again, and with the pause
	// before that. It is called at most once a second. Immutable.
	Failed func(err error, retry time.Duration)

	pause    time.Duration
	reported time.Time // when Failed was called last
}

// The pause doubles from firstPause to lastPause while accepting fails.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// reportTime is the least time between two calls of Failed.
const reportTime = time.Second

// Next waits for the next connection and returns it. If the listener accepts no more
// connections, it returns the listener's error. If ctx ends during a pause, it returns the error
// of ctx. To end a wait for a connection, close the listener.
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
		l.report(err)
		if err := deadline.Sleep(ctx, l.pause); err != nil {
			return nil, err
		}
	}
}

// report calls Failed, if its last call was long enough ago.
func (l *Loop) report(err error) {
	if now := time.Now(); now.Sub(l.reported) >= reportTime {
		l.reported = now
		l.Failed(err, l.pause)
	}
}

// isGone reports whether a listener accepts no more connections. An errno other than EBADF,
// EINVAL and ENOTSOCK is about one connection, or temporary (accept(2), "Error handling"). An
// error without an errno
// is not from accept(2): then a listener that is not a socket has ended. A deadline of the
// listener is temporary, too.
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
