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

// user is a process that uses a file as a program does: calls that write a value and calls
// that read one alternate.
type user struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startUsers starts this program as users of a mount's file. On an error it returns the users
// that it has started.
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

// begin tells the user to load its file for some time.
func (u *user) begin(length time.Duration) error {
	_, err := fmt.Fprintln(u.in, length.Nanoseconds())
	return err
}

// done waits until the user has done so. It returns the number of operations and their rate.
func (u *user) done() (ops int, rate float64, err error) {
	var elapsed time.Duration
	if _, err := fmt.Fscanln(u.out, &ops, &elapsed); err != nil {
		return 0, 0, fmt.Errorf("a user of %s failed: %w", u.cmd.Args[len(u.cmd.Args)-1], err)
	}
	return ops, float64(ops) / elapsed.Seconds(), nil
}

// stop tells the user to close its file and to end, and waits for that.
func (u *user) stop() error { return errors.Join(u.in.Close(), u.cmd.Wait()) }

// stopUsers stops all users.
func stopUsers(users []*user) error {
	var errs []error
	for _, u := range users {
		errs = append(errs, u.stop())
	}
	return errors.Join(errs...)
}

// runUsers makes all users load their files at the same time.
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

// useFile is what the process of a user does. It reads lengths in nanoseconds, one a line.
// For each it loads the file, and prints the number of operations and the nanoseconds that
// they took. It does not compare the values of a bare file, which does not keep them.
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
			return nil // nothing more is asked for
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

// descriptor is an open file without the costs of an os.File.
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
