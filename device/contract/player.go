package contract

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Player makes the calls of a trace one by one. It has at most one file open; "open
// again" opens a second one and closes it at once. One goroutine uses it.
type Player struct {
	Open func() (io.ReadWriteCloser, error) // opens the device; immutable
	file io.ReadWriteCloser                 // nil: not open
	err  error
}

// Err returns the last error that was not an errno, or nil. Such an error is not an
// answer of the device: the connection has ended, for example.
func (p *Player) Err() error { return p.err }

// Close closes the file if it is open.
func (p *Player) Close() error {
	if p.file == nil {
		return nil
	}
	file := p.file
	p.file = nil
	return file.Close()
}

// Do makes a call and returns its result in the form of a trace.
func (p *Player) Do(c Call) string {
	if p.file == nil && c.Name != "open" {
		return "not open"
	}
	if p.file != nil && c.Name == "open" {
		return "open already"
	}
	switch c.Name {
	case "open":
		file, err := p.Open()
		if err == nil {
			p.file = file
		}
		return p.result("ok", err)
	case "open again":
		file, err := p.Open()
		if err == nil {
			err = file.Close()
		}
		return p.result("ok", err)
	case "write":
		n, err := p.file.Write(c.Data)
		return p.result(strconv.Itoa(n), err)
	case "read":
		b := make([]byte, c.Size)
		n, err := p.file.Read(b)
		return p.result(fmt.Sprintf("%d %x", n, b[:min(max(n, 0), len(b))]), err)
	default:
		return p.result("ok", p.Close())
	}
}

// result returns ok if err is nil, and the name of err if that is an errno. It keeps every
// other error for Err and returns its text.
func (p *Player) result(ok string, err error) string {
	if err == nil {
		return ok
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		p.err = err
		return err.Error()
	}
	return ErrnoName(errno)
}

// ErrnoNamed returns the errno with a name, such as "EACCES".
func ErrnoNamed(name string) (e syscall.Errno, ok bool) {
	for e := syscall.Errno(1); e < 256; e++ {
		if name != "" && unix.ErrnoName(e) == name {
			return e, true
		}
	}
	return 0, false
}

// ErrnoName returns the name of an errno, "EACCES", or its number if it has no name,
// "errno 4000".
func ErrnoName(errno syscall.Errno) string {
	if name := unix.ErrnoName(errno); name != "" {
		return name
	}
	return "errno " + strconv.Itoa(int(errno))
}
