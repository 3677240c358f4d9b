//go:build !linux

package rights

import (
	"io"
	"net"
	"syscall"
)

// All this is for Linux: what other systems do with such descriptors is not looked at.

// Control refuses nothing here.
func Control(string, string, syscall.RawConn) error { return nil }

// MayCome is not looked at here.
func MayCome(any) bool { return false }

// Read is read(2).
func Read(fd int, p []byte) (int, error) { return syscall.Read(fd, p) }

// Socket is a connection that has a descriptor, such as a net.UnixConn.
type Socket interface {
	syscall.Conn
	io.Closer
}

// Shut leaves the connection as it is.
func Shut(syscall.Conn) error { return nil }

// Close closes a connection.
func Close(c Socket) error { return c.Close() }

// Listener is a unix listener.
type Listener struct{ *net.UnixListener }

// NewListener returns l.
func NewListener(l *net.UnixListener) Listener { return Listener{l} }

// Taking returns l.
func Taking(l *net.UnixListener) Listener { return Listener{l} }
