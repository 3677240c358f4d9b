// Package deadline distinguishes a peer that is too slow from a process that could not
// run. It also has a Sleep that a context ends. Its functions may run at the same time.
package deadline

import (
	"errors"
	"os"
	"time"
)

// LateBy is how long after a deadline a running process notices it, at most. A process
// that notices it later was stopped, frozen or starved when the deadline passed.
const LateBy = 250 * time.Millisecond

// PassedUnseen reports whether err comes from the deadline at, and the process could not
// run when that passed. Then the peer may have been in time, so the caller should grant
// it the same time once more. The zero at means that there was no deadline.
func PassedUnseen(err error, at time.Time) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && !at.IsZero() && time.Since(at) > LateBy
}
