package upgrade

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// action is what Linux does at a signal: the sigaction of rt_sigaction(2). The zero action is
// the default one (SIG_DFL).
type action [64]byte // more than any architecture needs

// setAction sets the action of a signal, unless a is nil. It returns the action before.
func setAction(s syscall.Signal, a *action) (before action, err error) {
	const setSize = 8 // size of a set of signals, in bytes
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s),
		uintptr(unsafe.Pointer(a)), uintptr(unsafe.Pointer(&before)), setSize, 0, 0)
	if errno != 0 {
		return before, fmt.Errorf("set the action of the signal %v: %w", s, errno)
	}
	return before, nil
}

// endBySystem makes Linux end the process at each of the signals, until undo is called. Go's
// runtime would end it later, in a thread of its own. If exec(2) ends that thread first, the
// signal is lost. A signal that is ignored stays ignored.
func endBySystem(signals ...syscall.Signal) (undo func() error, err error) {
	before := make(map[syscall.Signal]action)
	undo = func() error {
		var errs []error
		for s, a := range before {
			_, err := setAction(s, &a)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}
	for _, s := range signals {
		a, err := setAction(s, nil)
		if err == nil && !a.ignores() {
			before[s] = a
			_, err = setAction(s, new(action))
		}
		if err != nil {
			return nil, errors.Join(err, undo())
		}
	}
	return undo, nil
}

// ignores reports whether the handler is SIG_IGN. It is the first field of a sigaction.
func (a action) ignores() bool {
	const sigIgn = 1
	return *(*uintptr)(unsafe.Pointer(&a)) == sigIgn
}
