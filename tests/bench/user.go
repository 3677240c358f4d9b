package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// user is a process that uses a file as a program does: it writes a value and
// reads one, in turn.
type user struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startUser starts this program as a user of a file.
func startUser(w *workspace, path string) (*user, error) {
	u := &user{cmd: exec.Command(w.self, "user", path)}
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
		return 0, 0, fmt.Errorf("a user of %s failed: %w", u.cmd.Args[2], err)
	}
	return ops, float64(ops) / elapsed.Seconds(), nil
}

// stop has the user close its file and end.
func (u *user) stop() error { return errors.Join(u.in.Close(), u.cmd.Wait()) }

// runUsers has all of them load their files at the same time.
func runUsers(users []*user, length time.Duration) (ops int, rate float64, err error) {
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
	return ops, rate, nil
}

// useFile is the process that startUser starts. It takes lengths in nanoseconds,
// a line each, and answers each with the operations made and the nanoseconds that
// they took.
func useFile(path string, in io.Reader, out io.Writer) error {
	fd, err := syscall.Open(path, syscall.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer syscall.Close(fd)
	if _, err := syscall.Write(fd, []byte{capacity}); err != nil {
		return fmt.Errorf("write the capacity to %s: %w", path, err)
	}
	for {
		var length time.Duration
		if _, err := fmt.Fscanln(in, &length); err != nil {
			return nil // the end of what is asked for
		}
		ops, elapsed, err := turns(fd, length)
		if err != nil {
			return fmt.Errorf("use %s: %w", path, err)
		}
		if _, err := fmt.Fprintln(out, ops, elapsed.Nanoseconds()); err != nil {
			return err
		}
	}
}

// turns writes a value and reads it, in turn, for some time.
func turns(fd int, length time.Duration) (ops int, elapsed time.Duration, err error) {
	value, got := []byte{2, 0, 0, 0}, make([]byte, 4)
	for start := time.Now(); elapsed < length; elapsed = time.Since(start) {
		if _, err := syscall.Write(fd, value); err != nil {
			return 0, 0, fmt.Errorf("write: %w", err)
		}
		n, err := syscall.Read(fd, got)
		if err != nil {
			return 0, 0, fmt.Errorf("read: %w", err)
		}
		if n != len(value) || got[0] != value[0] {
			return 0, 0, fmt.Errorf("read % x, wrote % x", got[:n], value)
		}
		ops += 2
	}
	return ops, elapsed, nil
}
