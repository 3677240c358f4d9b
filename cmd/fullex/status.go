package main

import "errors"

// exitStatus is an error that only says with which status the program ends, or
// that has a status of its own.
type exitStatus struct {
	status int
	err    error // what to tell; nil: nothing
}

// Error implements error.
func (e exitStatus) Error() string {
	if e.err == nil {
		return "the command failed"
	}
	return e.err.Error()
}

// Unwrap returns what is told.
func (e exitStatus) Unwrap() error { return e.err }

// ending returns the status to end with, and what to tell of an error, nil for
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
