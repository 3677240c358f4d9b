package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"fullex/tests/bench/process"
)

// workspace is a directory with the programs under test, their sockets and
// files.
type workspace struct {
	dir    string
	self   string // this program
	fullex string // the server, built from the checkout
	old    string // another server to measure, or ""
	number int    // of the last socket
}

// newWorkspace builds the server into a new directory.
func newWorkspace(ctx context.Context) (*workspace, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	dir, err := os.MkdirTemp("", "fullex-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a directory to work in: %w", err)
	}
	w := &workspace{dir: dir, self: self, fullex: filepath.Join(dir, "fullex")}
	build := exec.CommandContext(ctx, "go", "build", "-o", w.fullex, "fullex/cmd/fullex")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, errors.Join(fmt.Errorf("build the server: %w", err), w.remove())
	}
	return w, nil
}

// remove deletes the directory.
func (w *workspace) remove() error { return os.RemoveAll(w.dir) }

// socket returns a path that was not used yet.
func (w *workspace) socket() string {
	w.number++
	return filepath.Join(w.dir, fmt.Sprintf("%d.sock", w.number))
}

// startFullex starts our server.
func (w *workspace) startFullex() (*process.Process, error) { return w.startServer("fullex", w.fullex) }

// startOld starts the other server.
func (w *workspace) startOld() (*process.Process, error) { return w.startServer("old", w.old) }

func (w *workspace) startServer(name, program string) (*process.Process, error) {
	socket := w.socket()
	return process.Start(name, socket, program, "serve", "--listen", "unix:"+socket, "--log-level", "warn")
}

// raiseFileLimit sets the limit of open files to what the system allows, for this process and
// those that it starts. Go by itself does so only for this process.
func raiseFileLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files to %d: %w", limit.Max, err)
	}
	return nil
}

// spareFiles is how many open files a process may have besides connections.
const spareFiles = 100

// checkFileLimit returns an error unless so many connections can be open in a process.
func checkFileLimit(conns int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	if uint64(conns+spareFiles) > limit.Cur {
		return fmt.Errorf("%d connections need more than the %d open files that the system allows (ulimit -Hn)", conns, limit.Cur)
	}
	return nil
}

// stopAll ends servers.
func stopAll(servers []*process.Process) error {
	var errs []error
	for _, p := range servers {
		errs = append(errs, p.Stop())
	}
	return errors.Join(errs...)
}
