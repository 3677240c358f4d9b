//go:build !linux

package outside

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// Descriptor is for Linux only.
type Descriptor int

// errNotHere is the error of all calls that need Linux.
var errNotHere = errors.New("waiting outside of the poller needs Linux")

// Duplicate returns an error.
func Duplicate(syscall.Conn) (Descriptor, error) { return -1, errNotHere }

// Wait returns an error.
func (Descriptor) Wait(time.Duration) (bool, error) { return false, errNotHere }

// WaitForEnd returns an error.
func (Descriptor) WaitForEnd() error { return errNotHere }

// ShutDown returns an error.
func (Descriptor) ShutDown() error { return errNotHere }

// Close returns an error.
func (Descriptor) Close() error { return errNotHere }

// NewConn returns c unchanged.
func NewConn(c net.Conn) (io.ReadWriteCloser, error) { return c, nil }
