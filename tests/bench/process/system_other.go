//go:build !linux

package process

import (
	"errors"
	"syscall"
	"time"
)

func attributes() *syscall.SysProcAttr { return nil }

// CPU returns an error: it needs Linux.
func (p *Process) CPU() (time.Duration, error) {
	return 0, errors.New("the CPU clock of another process needs Linux")
}
