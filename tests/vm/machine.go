package vm

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Machine is a guest that runs. Its methods are for one goroutine; any number of
// machines run at the same time, each with a folder of its own.
type Machine struct {
	Monitor *Monitor // QEMU's

	cmd     *exec.Cmd
	console *console
	typed   io.WriteCloser // what the guest reads from its console
	ended   chan struct{}  // closed when QEMU has ended and err is set
	err     error
}

// Boot runs a guest to its end. The error tells of a guest that did not get
// there; the console says why. It ends the guest when ctx ends.
func Boot(ctx context.Context, c Config, dir string) (results []Result, console string, err error) {
	m, err := Start(ctx, c, dir)
	if err != nil {
		return nil, "", err
	}
	return m.Wait()
}

// Start starts a guest, with files of its own in dir, and returns when QEMU is
// there, which is before the guest is. It ends the guest when ctx ends. The
// caller waits for its end with Wait, or brings it about with Kill.
func Start(ctx context.Context, c Config, dir string) (*Machine, error) {
	initramfs := filepath.Join(dir, "initramfs")
	if err := writeInitramfs(initramfs, c); err != nil {
		return nil, fmt.Errorf("make the initramfs: %w", err)
	}
	command := c.QEMU
	if command == "" {
		command = qemu
	}
	return start(ctx, command, qemuArguments(c, initramfs))
}

// start runs QEMU. The arguments have those of the monitor among them.
func start(ctx context.Context, command string, args []string) (*Machine, error) {
	monitor, far, err := newMonitor()
	if err != nil {
		return nil, err
	}
	m := &Machine{Monitor: monitor, console: newConsole(), ended: make(chan struct{})}
	m.cmd = exec.CommandContext(ctx, command, args...)
	m.cmd.Stdout, m.cmd.Stderr = m.console, m.console
	m.cmd.ExtraFiles = []*os.File{far}
	if m.typed, err = m.cmd.StdinPipe(); err == nil {
		err = m.cmd.Start()
	}
	_ = far.Close() // QEMU has its own
	if err != nil {
		_ = monitor.conn.Close() // nothing was sent
		return nil, fmt.Errorf("run QEMU: %w", err)
	}
	go m.reap(ctx)
	if err := monitor.enable(); err != nil {
		m.Kill()
		return nil, fmt.Errorf("%w: %s", err, m.console)
	}
	return m, nil
}

// reap waits for QEMU to end, and with it all that the console will have.
func (m *Machine) reap(ctx context.Context) {
	err := m.cmd.Wait()
	switch {
	case ctx.Err() != nil:
		m.err = fmt.Errorf("the guest did not end: %w", ctx.Err())
	case err != nil:
		m.err = fmt.Errorf("run QEMU: %w", err)
	}
	close(m.ended)
}

// Wait waits for the guest's end and returns what it reported.
func (m *Machine) Wait() (results []Result, console string, err error) {
	<-m.ended
	_ = m.Monitor.conn.Close() // QEMU's end is closed
	console = m.console.String()
	if m.err != nil {
		return nil, console, m.err
	}
	results, err = parseConsole(console)
	return results, console, err
}

// Kill ends QEMU as kill -9 does, and returns when it is gone. A machine that
// has ended stays as it is.
func (m *Machine) Kill() {
	_ = m.cmd.Process.Kill() // fails if it has ended
	<-m.ended
	_ = m.Monitor.conn.Close() // QEMU's end is closed
}

// Await waits until a scenario has come to its next place with this mark, where
// it stays until it is told a line.
func (m *Machine) Await(mark string) error { return m.console.await(mark, m.ended) }

// Reset presses the reset button and waits until the guest has booted again and
// a scenario has come to a mark. The console has what both boots report. Restarts
// are allowed until then: SeaBIOS, which finds that it has run before, makes one
// more.
func (m *Machine) Reset(mark string) error {
	if err := m.Monitor.OnRestart("reset"); err != nil {
		return err
	}
	if err := m.Monitor.Reset(); err != nil {
		return err
	}
	if err := m.Await(mark); err != nil {
		return err
	}
	return m.Monitor.OnRestart("shutdown")
}

// Tell types a line on the guest's console.
func (m *Machine) Tell(line string) error {
	if _, err := io.WriteString(m.typed, line+"\n"); err != nil {
		return fmt.Errorf("type on the console: %w", err)
	}
	return nil
}

// PID is QEMU's process number.
func (m *Machine) PID() int { return m.cmd.Process.Pid }
