package upgrade

import (
	"errors"

	"fullex/p9srv"
)

// Upgrade replaces the program of this process by the file that is at its path now. Only
// one goroutine may use it.
type Upgrade struct {
	Server  *p9srv.Server
	Program Program
	// Generation is the number of the running program. The first program is 1.
	Generation uint64
	// Sources returns where the connections of the frozen server come from.
	Sources func(*p9srv.Frozen) ([]Source, error)
	// BeforeExec is called right before exec. It stops catching the signals that end the
	// process. It returns false if such a signal came before.
	BeforeExec func() bool
	// AfterExec undoes BeforeExec. It is called if there was no exec.
	AfterExec func()
}

// ErrTold reports that there was no upgrade because a signal told the process to end.
var ErrTold = errors.New("the process was told to end")
