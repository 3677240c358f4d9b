package contract

import (
	"errors"
	"syscall"
)

// Answer is a right result of a call.
type Answer struct {
	Row   Row           // the row that decides
	N     int           // what a call that succeeds returns
	Data  []byte        // what a read brings: N bytes, or fewer where the original miscounts
	Errno syscall.Errno // why the call is refused; 0: it succeeds
	Note  string        // why the result is right, if it is not the first row's; else ""
	Next  Model         // the session after the call
}

// Is reports whether a call that returned n and err gave this answer. It does not
// compare data.
func (a Answer) Is(n int, err error) bool {
	if a.Errno != 0 {
		return errors.Is(err, a.Errno)
	}
	return err == nil && n == a.N
}
