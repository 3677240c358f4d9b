//go:build !linux

package echo

import "errors"

// ServeEpoll returns an error: it needs Linux.
func ServeEpoll(string) error { return errors.New("epoll needs Linux") }
