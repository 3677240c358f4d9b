//go:build linux

package vhostuser

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// errMemoryGone is what the front-end did when it truncated a file whose pages
// we have mapped.
var errMemoryGone = errors.New("guest memory went away: the front-end truncated its file")

// protect is deferred around access to guest memory, as
//
//	defer protect(debug.SetPanicOnFault(true), &err)
//
// so that SIGBUS becomes an error and not this process's end. A defect of this
// package becomes an error too: it must not end the machines that others run.
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
