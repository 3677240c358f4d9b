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

// ending returns what main says of an error, nil for nothing, and the status.
func ending(err error) (tell error, status int) {
	var e exitStatus
	switch {
	case err == nil:
		return nil, 0
	case errors.As(err, &e):
		return e.err, e.status
	}
	return err, 1
}
