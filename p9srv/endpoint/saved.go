package endpoint

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/mdlayher/vsock"

	"fullex/p9srv/endpoint/rights"
)

// SavedListener is an open listener in a form that can be encoded. A process that has the
// same file descriptors can open it again.
//
// The numbers in the tags name the fields in the encoded form. A number never gets a
// second meaning.
type SavedListener struct {
	Descriptor int        `cbor:"1,keyasint"` // number of the listener's file descriptor
	Unix       *SavedUnix `cbor:"2,keyasint"` // nil: the listener made no socket file
}

// SavedUnix is the socket file that a listener made. The listener removes it at its close.
type SavedUnix struct {
	Directory int    `cbor:"1,keyasint"` // number of the directory's file descriptor
	Path      string `cbor:"2,keyasint"`
	Name      string `cbor:"3,keyasint"` // in the directory
	Device    uint64 `cbor:"4,keyasint"`
	Inode     uint64 `cbor:"5,keyasint"`
}

// Descriptors returns the numbers of all descriptors of the listener.
func (s SavedListener) Descriptors() []int {
	if s.Unix == nil {
		return []int{s.Descriptor}
	}
	return []int{s.Descriptor, s.Unix.Directory}
}

// SaveListener returns the listener l in a form that can be encoded. Its descriptors stay
// open. The error says why l cannot be saved.
func SaveListener(l net.Listener) (SavedListener, error) {
	if _, ok := l.(vhostListener); ok {
		return SavedListener{}, errors.New("virtual machines cannot be carried over")
	}
	socket, ok := l.(syscall.Conn)
	if !ok {
		return SavedListener{}, fmt.Errorf("the listener %s has no descriptor", l.Addr())
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return SavedListener{}, fmt.Errorf("find the descriptor of the listener %s: %w", l.Addr(), err)
	}
	var saved SavedListener
	if err := raw.Control(func(fd uintptr) { saved.Descriptor = int(fd) }); err != nil {
		return SavedListener{}, fmt.Errorf("find the descriptor of the listener %s: %w", l.Addr(), err)
	}
	if u, ok := l.(*unixListener); ok {
		saved.Unix = &SavedUnix{u.dir.fd(), u.path, u.name, u.file.dev, u.file.ino}
	}
	return saved, nil
}

// Open returns the listener. It takes over the descriptors.
func (s SavedListener) Open() (net.Listener, error) {
	f := os.NewFile(uintptr(s.Descriptor), "listener")
	if f == nil {
		return nil, fmt.Errorf("descriptor %d of a listener: want a number from 0", s.Descriptor)
	}
	l, err := fileListener(f)
	err = errors.Join(err, f.Close())
	if err != nil {
		return nil, fmt.Errorf("take over the listener of descriptor %d: %w", s.Descriptor, err)
	}
	socket, isUnix := l.(*net.UnixListener)
	if s.Unix == nil || !isUnix {
		return Guard(l), nil
	}
	socket.SetUnlinkOnClose(false)
	return &unixListener{
		Listener: rights.NewListener(socket),
		dir:      &socketDir{file: os.NewFile(uintptr(s.Unix.Directory), "directory of a socket")},
		path:     s.Unix.Path, name: s.Unix.Name, file: fileID{s.Unix.Device, s.Unix.Inode},
	}, nil
}

// OpenConn returns the connection that a descriptor of this process stands for. It takes
// over the descriptor, also if it returns an error.
func OpenConn(descriptor int) (net.Conn, error) {
	f := os.NewFile(uintptr(descriptor), "connection")
	if f == nil {
		return nil, fmt.Errorf("descriptor %d of a connection: want a number from 0", descriptor)
	}
	c, err := net.FileConn(f)
	if err == nil {
		return c, f.Close()
	}
	if !isOtherFamily(err) {
		return nil, errors.Join(reason(err), f.Close())
	}
	return fileSocket{f}, nil
}

// fileSocket is a connection of an address family that package net does not know. Its
// addresses are empty: nobody needs those of a restored connection.
type fileSocket struct{ *os.File }

// LocalAddr implements net.Conn.
func (fileSocket) LocalAddr() net.Addr { return &vsock.Addr{} }

// RemoteAddr implements net.Conn.
func (fileSocket) RemoteAddr() net.Addr { return &vsock.Addr{} }
