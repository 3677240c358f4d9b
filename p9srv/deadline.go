package p9srv

import (
	"errors"
	"os"
	"time"
)

// lateBy is how late a deadline may be noticed: later, the process was stopped, frozen
// or starved when it passed.
const lateBy = 250 * time.Millisecond

// passedUnseen reports whether an error is that of a deadline that passed while the
// process could not run. The peer was not at fault then: it may have sent, or read, all
// that it should, and gets the time once more.
func passedUnseen(err error, deadline time.Time) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && !deadline.IsZero() && time.Since(deadline) > lateBy
}
