package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleep returns after d, or earlier if a signal comes.
func sleep(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil)
}
