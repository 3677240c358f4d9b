package main

import "errors"

// exitStatus is an error that has an exit status of its own.
type exitStatus struct {
	status int
	err    error // what main prints; nil: nothing
}

// Error implements error.
func (e exitStatus) Error() string {
	if e.err == nil {
		return "the command failed"
	}
	return e.err.Error()
}

// Unwrap returns the error that main prints.
func (e exitStatus) Unwrap() error { return e.err }

// ending returns the exit status for err, and the error that main prints; nil: it prints
// nothing.
func ending(err error) (status int, tell error) {
	var e exitStatus
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &e):
		return e.status, e.err
	}
	return 1, err
}
