package caller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fullex/cmd/fullex/internal/target"
)

// connectTime is how long an endpoint may take to accept a client.
const connectTime = 10 * time.Second

// Starter returns a function that starts a client of a target each time it is called. At an
// endpoint the client is a connection. At a path it is a process, which start starts.
func Starter(name target.Name, start func() (*Process, error)) func() (target.Target, error) {
	if _, remote := name.Endpoint(); remote {
		return func() (target.Target, error) {
			ctx, cancel := context.WithTimeout(context.Background(), connectTime)
			defer cancel()
			return target.Open(ctx, name)
		}
	}
	return func() (target.Target, error) {
		p, err := start()
		if err != nil {
			return nil, err
		}
		return p.At(name)
	}
}

// At makes the process a client of a target. Closing the client closes the process. If At
// fails, it closes the process.
func (p *Process) At(name target.Name) (target.Target, error) {
	a, err := p.ask(request{Op: opTarget, Path: name.String()})
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	c := client{process: p, name: name, device: a.Device, pid: a.PID}
	if _, remote := name.Endpoint(); remote {
		return c, nil
	}
	return mounted{c}, nil
}

// client is a process at a target. One of its threads makes the calls.
type client struct {
	process *Process
	name    target.Name // of the target
	device  string
	pid     int
	thread  int // 0: the first
}

func (c client) ask(r request) (reply, error) {
	r.Thread = c.thread
	return c.process.ask(r)
}

// PID returns the process ID, which is that of the machine where the process runs.
func (c client) PID() int { return c.pid }

// Open implements target.Opener.
func (c client) Open(path string, flags int) (target.File, error) {
	a, err := c.ask(request{Op: opOpen, Path: path, Flags: flags})
	if err != nil {
		return nil, err
	}
	return file{c, a.N}, nil
}

// Stat implements target.Target.
func (c client) Stat(path string) (target.Entry, error) {
	a, err := c.ask(request{Op: opStat, Path: path})
	return a.Entry, err
}

// List implements target.Target.
func (c client) List(path string) ([]target.Entry, error) {
	a, err := c.ask(request{Op: opList, Path: path})
	return a.Entries, err
}

// Device implements target.Target.
func (c client) Device() string { return c.device }

// Close implements target.Opener.
func (c client) Close() error { return c.process.Close() }

// mounted is a client at a path.
type mounted struct{ client }

var _ target.Mounted = mounted{}

// Nature implements target.Mounted.
func (m mounted) Nature(path string) (target.Nature, error) {
	a, err := m.ask(request{Op: opNature, Path: path})
	return a.Nature, err
}

// Truncate implements target.Mounted.
func (m mounted) Truncate(path string) error {
	_, err := m.ask(request{Op: opTruncate, Path: path})
	return err
}

// Touch implements target.Mounted.
func (m mounted) Touch(path string) error {
	_, err := m.ask(request{Op: opTouch, Path: path})
	return err
}

// Thread returns the client and one of its open files, with their calls made by the numbered
// thread. A nil file stays nil.
func (m mounted) Thread(number int, f target.File) (target.Opener, target.File) {
	m.thread = number
	if of, ok := f.(file); ok {
		return m, file{m.client, of.handle}
	}
	return m, nil
}

// Fork starts a child process that inherits an open file of the client. It returns the child,
// as a client, and the file of the child.
func (m mounted) Fork(f target.File) (target.Opener, target.File, error) {
	process, err := m.process.child(request{Op: opFork, Handle: f.(file).handle, Thread: m.thread})
	if err != nil {
		return nil, nil, err
	}
	child, err := process.At(m.name)
	if err != nil {
		return nil, nil, fmt.Errorf("start the child: %w", err)
	}
	a, err := process.ask(request{Op: opInherit})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start the child: %w", err), child.Close())
	}
	return child, file{child.(mounted).client, a.N}, nil
}
