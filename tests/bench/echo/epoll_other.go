//go:build !linux

package echo

import "errors"

// ServeEpoll needs Linux.
func ServeEpoll(string) error { return errors.New("epoll needs Linux") }
