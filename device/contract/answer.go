package contract

import (
	"errors"
	"syscall"
)

// Answer is a correct result of a call.
type Answer struct {
	Row   Row           // the row that decides
	N     int           // count that a successful call returns
	Data  []byte        // bytes that a read returns: N, or fewer where the original miscounts
	Errno syscall.Errno // errno of a refused call; 0: the call succeeds
	Note  string        // why this answer is correct, too; "" for the contract's own answer
	Next  Model         // the session after the call
}

// Is reports whether n and err, which a call returned, are this answer. It does not
// compare data.
func (a Answer) Is(n int, err error) bool {
	if a.Errno != 0 {
		return errors.Is(err, a.Errno)
	}
	return err == nil && n == a.N
}
