package contract

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Player makes the calls of a trace one by one. It has at most one file open
// beside a moment's second one.
type Player struct {
	Open func() (io.ReadWriteCloser, error)
	file io.ReadWriteCloser
	err  error
}

// Err returns the last error of a call that was no errno: not the device's
// answer, but that there is none, as from a connection that has ended.
func (p *Player) Err() error { return p.err }

// Close closes the file if a call has left it open.
func (p *Player) Close() error {
	if p.file == nil {
		return nil
	}
	file := p.file
	p.file = nil
	return file.Close()
}

// Do makes a call and returns its result as a trace has it.
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

// result is what a call returned, or the name of its errno.
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

// ErrnoName returns an errno's name, or its number if it has none.
func ErrnoName(errno syscall.Errno) string {
	if name := unix.ErrnoName(errno); name != "" {
		return name
	}
	return "errno " + strconv.Itoa(int(errno))
}
