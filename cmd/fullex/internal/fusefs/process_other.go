//go:build !linux

package fusefs

// processOf returns the zero process: only Linux has a /proc to ask.
func processOf(uint32) (process, error) { return process{}, nil }
