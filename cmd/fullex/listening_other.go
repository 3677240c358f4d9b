//go:build !linux

package main

import (
	"errors"

	"fullex/cmd/fullex/internal/target"
)

// listeningAt returns an error: only Linux shows the sockets of a process.
func listeningAt(int) (target.Name, error) {
	return target.Name{}, errors.New("want TARGET instead of PID: only Linux shows where a process listens")
}
