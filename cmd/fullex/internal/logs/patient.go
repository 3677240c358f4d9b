package logs

import (
	"errors"
	"io"
	"syscall"
	"time"
)

// Patient writes to a descriptor that may be non-blocking: another process that shares it
// can make it so. When a write gives EAGAIN, Patient waits and tries again.
type Patient struct {
	Out    io.Writer
	GiveUp <-chan struct{} // when it is closed, Write no longer waits; nil: it always waits
}

// retryTime is how long to wait before the next try.
const retryTime = 20 * time.Millisecond

// Write implements io.Writer.
func (p Patient) Write(text []byte) (written int, err error) {
	for {
		n, err := p.Out.Write(text[written:])
		written += max(n, 0)
		if !errors.Is(err, syscall.EAGAIN) || !p.pause() {
			return written, err
		}
	}
}

// pause waits, and reports whether to try again.
func (p Patient) pause() bool {
	timer := time.NewTimer(retryTime)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.GiveUp:
		return false
	}
}
