//go:build !linux

package p9srv

import "net"

// outside is for Linux only.
type outside struct {
	is bool // never
	fd int
}

func (*outside) shutDown() error { return nil }
func (*outside) close() error    { return nil }

func (s *socket) mayLeave(net.Conn) {}
func (s *socket) leaveIfBusy()      {}
func (s *socket) comeBack() error   { return nil }

func (s *socket) readOutside(func(uintptr) bool) (bool, error) { return false, nil }
