// Package deadline tells a peer that took too long from a process that could not run, and
// sleeps.
package deadline

import (
	"errors"
	"os"
	"time"
)

// LateBy is how late a deadline may be noticed: later, the process was stopped, frozen
// or starved when it passed.
const LateBy = 250 * time.Millisecond

// PassedUnseen reports whether an error is that of a deadline, at, that passed while the
// process could not run. The peer was not at fault then: it may have sent, or read, all
// that it should, and gets the time once more.
func PassedUnseen(err error, at time.Time) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && !at.IsZero() && time.Since(at) > LateBy
}
