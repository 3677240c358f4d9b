package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"fullex/p9srv/client/load"
)

// user is a process that uses a file as a program does: it writes a value and
// reads one, in turn, with a call each.
type user struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startUsers starts this program as users of a mount's file. On an error it returns those
// that there are.
func startUsers(w *workspace, m *mounted, n int) (users []*user, err error) {
	for range n {
		u, err := startUser(w.self, "user", fmt.Sprintf("--bare=%t", m.bare), m.file)
		if err != nil {
			return users, err
		}
		users = append(users, u)
	}
	return users, nil
}

func startUser(argv ...string) (*user, error) {
	u := &user{cmd: exec.Command(argv[0], argv[1:]...)}
	u.cmd.Stderr = os.Stderr
	var err error
	if u.in, err = u.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start a user: %w", err)
	}
	out, err := u.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a user: %w", err)
	}
	u.out = bufio.NewReader(out)
	if err := u.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a user: %w", err)
	}
	return u, nil
}

// begin has the user load its file for some time.
func (u *user) begin(length time.Duration) error {
	_, err := fmt.Fprintln(u.in, length.Nanoseconds())
	return err
}

// done waits for the end of that and returns operations a second.
func (u *user) done() (ops int, rate float64, err error) {
	var elapsed time.Duration
	if _, err := fmt.Fscanln(u.out, &ops, &elapsed); err != nil {
		return 0, 0, fmt.Errorf("a user of %s failed: %w", u.cmd.Args[len(u.cmd.Args)-1], err)
	}
	return ops, float64(ops) / elapsed.Seconds(), nil
}

// stop has the user close its file and end.
func (u *user) stop() error { return errors.Join(u.in.Close(), u.cmd.Wait()) }

// stopUsers ends all of them.
func stopUsers(users []*user) error {
	var errs []error
	for _, u := range users {
		errs = append(errs, u.stop())
	}
	return errors.Join(errs...)
}

// runUsers has all of them load their files at the same time.
func runUsers(users []*user, length time.Duration) (rate float64, ops int, err error) {
	for _, u := range users {
		if err := u.begin(length); err != nil {
			return 0, 0, err
		}
	}
	for _, u := range users {
		n, r, err := u.done()
		if err != nil {
			return 0, 0, err
		}
		ops, rate = ops+n, rate+r
	}
	return rate, ops, nil
}

// useFile is the process that startUser starts. It takes lengths in nanoseconds, a line
// each, and answers each with the operations made and the nanoseconds that they took. A
// bare file gives back other values than were written.
func useFile(ctx context.Context, path string, bare bool, in io.Reader, out io.Writer) (err error) {
	config := load.Config{Fill: load.Half}
	if bare {
		config.Check = load.Counts
	}
	caller, err := load.NewCaller(func() (io.ReadWriteCloser, error) { return openDescriptor(path) }, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, caller.Close()) }()
	for {
		var length time.Duration
		if _, err := fmt.Fscanln(in, &length); err != nil {
			return nil // the end of what is asked for
		}
		r, err := load.Run(ctx, []load.Worker{caller}, load.Options{Length: length})
		if err != nil {
			return fmt.Errorf("use %s: %w", path, err)
		}
		if _, err := fmt.Fprintln(out, r.Ops, r.Elapsed.Nanoseconds()); err != nil {
			return err
		}
	}
}

// descriptor is an open file without what package os adds to one.
type descriptor int

func openDescriptor(path string) (descriptor, error) {
	fd, err := syscall.Open(path, syscall.O_RDWR, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", path, err)
	}
	return descriptor(fd), nil
}

func (d descriptor) Read(p []byte) (int, error)  { return syscall.Read(int(d), p) }
func (d descriptor) Write(p []byte) (int, error) { return syscall.Write(int(d), p) }
func (d descriptor) Close() error                { return syscall.Close(int(d)) }
