//go:build !linux

package upgrade

import (
	"context"
	"errors"
	"io"

	"fullex/p9srv"
)

// Run returns an error: only Linux has what it needs.
func (u *Upgrade) Run(context.Context) error { return errors.New("an upgrade needs Linux") }

// Receive returns nil: no other program leaves a state.
func Receive() (*State, error) { return nil, nil }

// Tried returns false.
func Tried(io.Reader, io.Writer, func() (*p9srv.Server, error)) (bool, error) { return false, nil }
