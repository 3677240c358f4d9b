//go:build !linux

package upgrade

import (
	"context"
	"errors"
	"io"

	"fullex/p9srv"
)

// Run returns an error: an upgrade needs system calls that only Linux has.
func (u *Upgrade) Run(context.Context) error { return errors.New("an upgrade needs Linux") }

// Receive returns nil: without upgrades, no program has left a state.
func Receive() (*State, error) { return nil, nil }

// Tried returns false: without upgrades, no program has tried this one.
func Tried(io.Reader, io.Writer, func() (*p9srv.Server, error)) (bool, error) { return false, nil }
