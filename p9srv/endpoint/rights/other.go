//go:build !linux

package rights

import (
	"io"
	"net"
	"syscall"
)

// This package protects a process on Linux only.

// Control does nothing here.
func Control(string, string, syscall.RawConn) error { return nil }

// MayCome is always false here.
func MayCome(any) bool { return false }

// Read calls read(2).
func Read(fd int, p []byte) (int, error) { return syscall.Read(fd, p) }

// Socket is a connection that has a descriptor, such as a net.UnixConn.
type Socket interface {
	syscall.Conn
	io.Closer
}

// Shut does nothing here.
func Shut(syscall.Conn) error { return nil }

// Close closes the connection.
func Close(c Socket) error { return c.Close() }

// Listener is a unix listener.
type Listener struct{ *net.UnixListener }

// NewListener returns a listener for l.
func NewListener(l *net.UnixListener) Listener { return Listener{l} }

// Taking returns a listener for l.
func Taking(l *net.UnixListener) Listener { return Listener{l} }
