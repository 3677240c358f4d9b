//go:build !linux

package ninep

import (
	"errors"
	"io"
	"net"
)

// Blocking returns the connection as it is: see socket_linux.go.
func Blocking(conn net.Conn) (io.ReadWriteCloser, error) { return conn, nil }

// watch is for Linux, whose poll(2) tells of a peer's end (POLLRDHUP).
type watch struct{}

func newWatch(any) (*watch, error) {
	return nil, errors.New("watch the connection: this system cannot")
}

func (*watch) wait() error  { return nil }
func (*watch) shut() error  { return nil }
func (*watch) close() error { return nil }
