package p9srv

import (
	"errors"
	"syscall"
	"time"
)

// backoff is a delay that doubles from 5 ms to 1 s while a shortage lasts.
type backoff struct{ delay time.Duration }

func (b *backoff) next() time.Duration {
	b.delay = min(max(2*b.delay, 5*time.Millisecond), time.Second)
	return b.delay
}

func (b *backoff) wait() { time.Sleep(b.delay) }

// isShortage says whether accepting may work again later: accept(2) fails so
// when descriptors or memory are short, or a peer left before it was accepted.
func isShortage(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
