package upgrade

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"fullex/p9srv"
)

// Time limits. An upgrade fails if it needs longer.
const (
	// freezeTime is how long it may take until all connections stand still.
	freezeTime = time.Second
	// preflightTime is how long the new program may take to print the formats it reads.
	preflightTime = 10 * time.Second
	// rehearsalTime is how long the rehearsal may take. Clients wait meanwhile. A rehearsal
	// with 8,000 connections takes less than a second.
	rehearsalTime = 5 * time.Second
)

// Run upgrades the process. If it succeeds, it does not return. Otherwise the server goes
// on, and the error says what failed.
func (u *Upgrade) Run(ctx context.Context) error {
	program, err := u.Program.open()
	if err != nil {
		return err
	}
	defer program.Close()
	if err := preflight(ctx, program); err != nil {
		return err
	}
	began := time.Now()
	stop, cancel := context.WithTimeout(ctx, freezeTime)
	defer cancel()
	frozen, err := u.Server.Freeze(stop)
	if err != nil {
		return err
	}
	return errors.Join(u.replace(ctx, frozen, program, began), frozen.Thaw())
}

// replace saves the frozen server, rehearses and executes the program. It returns only if
// that fails.
func (u *Upgrade) replace(ctx context.Context, frozen *p9srv.Frozen, program *os.File, began time.Time) error {
	state := &State{Generation: u.Generation, Frozen: began.UnixNano(), Program: u.Program.String()}
	var err error
	if state.Sources, err = u.Sources(frozen); err != nil {
		return err
	}
	if state.Server, err = frozen.Save(); err != nil {
		return err
	}
	memory, err := state.inMemory()
	if err != nil {
		return err
	}
	defer memory.Close()
	if err := rehearse(ctx, program, memory); err != nil {
		return err
	}
	undo, err := endBySystem(unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM)
	if err != nil {
		return err
	}
	err = ErrTold
	if u.BeforeExec() {
		err = execute(program, memory, state.descriptors())
	}
	err = errors.Join(err, undo())
	u.AfterExec()
	return err
}

// inMemory returns a file in memory that contains the encoded state.
func (s *State) inMemory() (*os.File, error) {
	b, err := s.Encode()
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("fullex-state", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), "state")
	if _, err := f.Write(b); err != nil {
		return nil, errors.Join(fmt.Errorf("write the state: %w", err), f.Close())
	}
	return f, nil
}

// preflight returns an error unless the program reads the format that this one writes.
func preflight(ctx context.Context, program *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, preflightTime)
	defer cancel()
	said, err := try(ctx, program, formatsWord, nil)
	if err != nil {
		return fmt.Errorf("try the new program: %w", err)
	}
	for _, word := range strings.Fields(said) {
		if word == fmt.Sprint(Format) {
			return nil
		}
	}
	return fmt.Errorf("the new program reads the formats %.100q of a state, and this one writes %d", said, Format)
}

// rehearse returns an error unless a trial run of the program can rebuild the server from
// the state. The trial run gets no sockets.
func rehearse(ctx context.Context, program, memory *os.File) error {
	if _, err := memory.Seek(0, 0); err != nil {
		return fmt.Errorf("rewind the state: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, rehearsalTime)
	defer cancel()
	if _, err := try(ctx, program, checkWord, memory); err != nil {
		return fmt.Errorf("rehearse with the new program: %w", err)
	}
	return nil
}

// try runs the program for a trial, until ctx ends, and returns what it prints. word says
// what to try. The run inherits only the standard descriptors, and no variables of socket
// activation.
func try(ctx context.Context, program *os.File, word string, in *os.File) (string, error) {
	cmd := exec.CommandContext(ctx, byDescriptor(program), os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(environment(), tryVariable+"="+word)
	cmd.WaitDelay = time.Second
	if in != nil {
		cmd.Stdin = in
	}
	var out, errs limited
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("it does not end: %w", ctx.Err())
	case err != nil && errs.Len() > 0:
		return "", fmt.Errorf("%w: %.300q", err, strings.TrimSpace(errs.String()))
	case err != nil:
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}

// limited keeps the first bytes that are written to it and drops the others.
type limited struct{ bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	const most = 4 << 10
	_, _ = l.Buffer.Write(p[:min(len(p), max(most-l.Len(), 0))])
	return len(p), nil
}

// environment returns the environment of this process without the variables that are meant
// for this process only.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case stateVariable, tryVariable, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES":
		default:
			env = append(env, v)
		}
	}
	return env
}

// byDescriptor returns a path to the open file f.
func byDescriptor(f *os.File) string {
	var fd uintptr
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(n uintptr) { fd = n }) // it cannot fail: f is open
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd)
}
