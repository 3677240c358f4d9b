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

// Times after which an upgrade is given up.
const (
	// freezeTime is the longest pause until all connections stand still.
	freezeTime = time.Second
	// preflightTime is how long the new program may take to say what it reads.
	preflightTime = 10 * time.Second
	// rehearsalTime is how long its rehearsal may take, in which clients wait. That of 8,000
	// connections takes less than a second.
	rehearsalTime = 5 * time.Second
)

// Run does not return if it succeeds. Otherwise the server goes on, and the error says
// what was wrong.
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

// replace executes the program. It returns only if that fails.
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

// inMemory returns a file in memory with the state.
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

// preflight asks the program which formats it reads.
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

// rehearse lets the program rebuild the server without its sockets.
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

// try runs the program, until ctx ends, and returns what it prints. It gets no descriptor
// but its standard ones, and nothing by which a service manager would take it for the
// server.
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

// limited keeps the first bytes that are written to it.
type limited struct{ bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	const most = 4 << 10
	_, _ = l.Buffer.Write(p[:min(len(p), max(most-l.Len(), 0))])
	return len(p), nil
}

// environment returns that of this process, without what is for this process alone.
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

// byDescriptor returns a path of an open file.
func byDescriptor(f *os.File) string {
	var fd uintptr
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(n uintptr) { fd = n }) // it is open
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd)
}
