package vm

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Machine is a running guest. Its methods are for one goroutine. Any number of machines can
// run at the same time, each with a folder of its own.
type Machine struct {
	Monitor *Monitor // of QEMU

	cmd     *exec.Cmd
	console *console
	typed   io.WriteCloser // input of the guest's console
	ended   chan struct{}  // closed when QEMU has ended and err is set
	err     error
}

// Boot runs a guest until it ends or ctx ends, with files of its own in dir. It returns the
// results and all text of the console. It returns an error if QEMU failed, or if the guest did
// not report its end. The console then shows why.
func Boot(ctx context.Context, c Config, dir string) (results []Result, console string, err error) {
	m, err := Start(ctx, c, dir)
	if err != nil {
		return nil, "", err
	}
	return m.Wait()
}

// Start starts a guest, with files of its own in dir. It returns when QEMU runs, which is
// before the guest has booted. The end of ctx kills the guest. The caller must call Wait or
// Kill.
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

// start starts QEMU. The arguments must include those of monitorArguments.
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
	_ = far.Close() // QEMU has a copy
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

// reap waits for the end of QEMU. The console is complete then.
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

// Wait waits for the end of the guest and returns the same as Boot.
func (m *Machine) Wait() (results []Result, console string, err error) {
	<-m.ended
	_ = m.Monitor.conn.Close() // QEMU has closed its end
	console = m.console.String()
	if m.err != nil {
		return nil, console, m.err
	}
	results, err = parseConsole(console)
	return results, console, err
}

// Kill kills QEMU, as kill -9 does, and returns when it has ended. Kill does nothing if QEMU
// has ended before.
func (m *Machine) Kill() {
	_ = m.cmd.Process.Kill() // fails if it has ended
	<-m.ended
	_ = m.Monitor.conn.Close() // QEMU has closed its end
}

// Await waits until a scenario prints this mark. Each call finds a later mark than the call
// before. The scenario waits at its mark until Tell.
func (m *Machine) Await(mark string) error { return m.console.await(mark, m.ended) }

// Reset presses the reset button and waits until the guest has booted again and a scenario
// prints a mark. The console has the reports of both boots. Until then further restarts are
// allowed: SeaBIOS makes one when it finds that it has run before.
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

// PID returns the process ID of QEMU.
func (m *Machine) PID() int { return m.cmd.Process.Pid }
