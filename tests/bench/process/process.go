// Package process runs the servers that are measured, each as a process of its own, and
// measures their memory and processor time.
package process

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	// startTime is how long a server may take until it is ready.
	startTime = 10 * time.Second
	// stopTime is how long it may take to end after SIGTERM.
	stopTime = 10 * time.Second
	// pollTime is the time between two questions whether it is ready.
	pollTime = 10 * time.Millisecond
)

// Process is a server that runs. Not safe for concurrent use.
type Process struct {
	// Name is its name in messages.
	Name string
	// Socket is the path of the unix socket on which it listens, if it does.
	Socket string

	cmd   *exec.Cmd
	ended chan error // gets what Wait returned, once
}

// Start runs a command and waits until it accepts connections on its socket. The command has
// the standard error of this process.
func Start(name, socket string, argv ...string) (*Process, error) {
	return StartTo(nil, name, socket, argv...)
}

// StartTo is Start with a file for the standard output.
func StartTo(stdout *os.File, name, socket string, argv ...string) (*Process, error) {
	p, err := start(stdout, name, func() error { return accepts(socket) }, argv)
	if p != nil {
		p.Socket = socket
	}
	return p, err
}

// StartWhen runs a command and waits until ready, which it calls again and again, returns
// nil. The command has the standard error of this process.
func StartWhen(name string, ready func() error, argv ...string) (*Process, error) {
	return start(nil, name, ready, argv)
}

func start(stdout *os.File, name string, ready func() error, argv []string) (*Process, error) {
	p := &Process{Name: name, ended: make(chan error, 1)}
	p.cmd = exec.Command(argv[0], argv[1:]...)
	if p.cmd.Stderr = os.Stderr; stdout != nil {
		p.cmd.Stdout = stdout
	}
	p.cmd.SysProcAttr = attributes()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	if err := p.waitUntil(ready); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), p.Stop())
	}
	return p, nil
}

// accepts returns an error unless a server accepts connections.
func accepts(socket string) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	return c.Close()
}

func (p *Process) waitUntil(ready func() error) error {
	for start := time.Now(); ; {
		err := ready()
		if err == nil {
			return nil
		}
		if time.Since(start) > startTime {
			return fmt.Errorf("not ready after %v: %w", startTime, err)
		}
		select {
		case ended := <-p.ended:
			p.ended <- ended // for Stop
			return errors.New("it ended at once")
		case <-time.After(pollTime):
		}
	}
}

// Stop sends SIGTERM and waits until the process has ended. A process that this signal kills
// has ended without an error.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.Name, err)
	}
	select {
	case err := <-p.ended:
		return p.endError(err)
	case <-time.After(stopTime):
		err := p.cmd.Process.Kill()
		<-p.ended
		return errors.Join(fmt.Errorf("stop %s: it did not end within %v", p.Name, stopTime), err)
	}
}

// endError returns an error unless the process ended with status 0 or by SIGTERM.
func (p *Process) endError(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGTERM {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("%s ended: %w", p.Name, err)
	}
	return nil
}
