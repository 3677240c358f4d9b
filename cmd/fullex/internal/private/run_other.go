//go:build !linux

package private

import (
	"context"
	"errors"
	"io"
)

func (*Dir) unmount() error { return errLinux }

var errLinux = errors.New("run: it works on Linux only")

// Run returns an error: only Linux can end the command with the program.
func (*Place) Run(context.Context, []string, []string, io.Reader, io.Writer, io.Writer) (status int, err error) {
	return 1, errLinux
}
