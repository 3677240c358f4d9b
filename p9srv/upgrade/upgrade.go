package upgrade

import (
	"errors"

	"fullex/p9srv"
)

// Upgrade replaces the program of this process by the one that is at its path now. It is
// used by one goroutine.
type Upgrade struct {
	Server  *p9srv.Server
	Program Program
	// Generation is the number of the running program, from 1.
	Generation uint64
	// Sources returns where the connections of the frozen server come from.
	Sources func(*p9srv.Frozen) ([]Source, error)
	// BeforeExec is called last. It gives the signals that end the process their default
	// action, and reports false if one came before. AfterExec takes that back.
	BeforeExec func() bool
	AfterExec  func()
}

// ErrTold reports that the process was told to end.
var ErrTold = errors.New("the process was told to end")
