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

// SavedListener is an open listener, for a process that has the same file descriptors.
//
// The numbers in the tags name the fields in the encoded form. One is never used for
// another meaning.
type SavedListener struct {
	Descriptor int        `cbor:"1,keyasint"` // number of its file descriptor
	Unix       *SavedUnix `cbor:"2,keyasint"` // nil: it has no socket file, or this process did not make that
}

// SavedUnix is the socket file of a listener that removes it.
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

// SaveListener returns a listener in a form that can be encoded. The descriptors stay open.
// The error says that it is of a kind that cannot be saved.
func SaveListener(l net.Listener) (SavedListener, error) {
	if _, ok := l.(vhostListener); ok {
		return SavedListener{}, errors.New("virtual machines cannot be carried")
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

// Open returns the listener again. It takes the descriptors over.
func (s SavedListener) Open() (net.Listener, error) {
	f := os.NewFile(uintptr(s.Descriptor), "listener")
	if f == nil {
		return nil, fmt.Errorf("descriptor %d cannot be", s.Descriptor)
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

// OpenConn returns the connection of a descriptor of this process, which it takes over.
func OpenConn(descriptor int) (net.Conn, error) {
	f := os.NewFile(uintptr(descriptor), "connection")
	if f == nil {
		return nil, fmt.Errorf("descriptor %d cannot be", descriptor)
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

// fileSocket is a connection of an address family that package net does not know. A
// restored connection is not asked for its addresses.
type fileSocket struct{ *os.File }

// LocalAddr implements net.Conn.
func (fileSocket) LocalAddr() net.Addr { return &vsock.Addr{} }

// RemoteAddr implements net.Conn.
func (fileSocket) RemoteAddr() net.Addr { return &vsock.Addr{} }
