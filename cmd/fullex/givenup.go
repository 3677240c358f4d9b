package main

import (
	"context"
	"fmt"
	"time"
)

// givenUp calls do and returns its result. If ctx ends or the limit passes first, it returns
// an error and abandons do: nothing can end a call at a file system that hangs. A limit of 0
// means no limit.
func givenUp[T any](ctx context.Context, limit time.Duration, do func() (T, error)) (T, error) {
	var late <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	var none T
	select {
	case r := <-done:
		return r.value, r.err
	case <-late:
		return none, &lateError{limit}
	case <-ctx.Done():
		return none, fmt.Errorf("stopped: %w", context.Cause(ctx))
	}
}

// lateError is the error of givenUp after its limit.
type lateError struct{ limit time.Duration }

// Error implements error.
func (e *lateError) Error() string {
	return fmt.Sprintf("the target does not answer within %s", e.limit)
}
