//go:build linux

package vhostuser

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// errMemoryGone means that the front-end has truncated a file whose pages are mapped here.
var errMemoryGone = errors.New("guest memory went away: the front-end truncated its file")

// protect turns panics during access to guest memory into errors. It is deferred as
//
//	defer protect(debug.SetPanicOnFault(true), &err)
//
// Then SIGBUS becomes an error instead of the end of this process. So does a defect of this
// package, because it must not end the other machines.
func protect(before bool, err *error) {
	debug.SetPanicOnFault(before)
	switch r := recover().(type) {
	case nil:
	case interface{ Addr() uintptr }: // debug.SetPanicOnFault
		*err = errMemoryGone
	default:
		*err = fmt.Errorf("defect of the back-end: %v", r)
	}
}
