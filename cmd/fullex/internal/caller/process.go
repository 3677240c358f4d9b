package caller

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"fullex/cmd/fullex/internal/target"
)

// inheritedFD is the descriptor of the inherited file in a forked child.
const inheritedFD = 3

// Process represents another process, which runs [Work].
type Process struct {
	pipe  *pipe
	route []int // to the process, from the one at the other end of the pipe
}

// Start starts a process. command is the program and its arguments. It must run Work on its
// standard input and output.
func Start(command []string) (*Process, error) { return start(command, nil) }

// start starts a process that inherits an open file, or none if file is nil.
func start(command []string, file target.Described) (*Process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	// A signal for this program's process group must not reach the process. This program
	// decides when its calls end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if file != nil {
		// A copy, because the os.File would close the original.
		copied, err := unix.FcntlInt(uintptr(file.FD()), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("copy the descriptor: %w", err)
		}
		inherited := os.NewFile(uintptr(copied), "device")
		defer func() { _ = inherited.Close() }()
		cmd.ExtraFiles = []*os.File{inherited}
	}
	out, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	in, err := cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), out.Close())
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	return &Process{pipe: newPipe(in, out, cmd)}, nil
}

// Over returns the process that runs Work at the other end of a pipe. in has its replies.
// Closing out must end Work, and the end of Work must end in.
func Over(in io.Reader, out io.WriteCloser) *Process { return &Process{pipe: newPipe(in, out, nil)} }

// ask sends a request to the process and waits for the reply. It returns an error if the
// call failed or no reply came.
func (p *Process) ask(r request) (reply, error) {
	r.Route = p.route
	a, err := p.pipe.ask(r)
	if err == nil && a.Err != nil {
		err = a.Err
	}
	return a, err
}

// Start starts another process where this one runs, with the command that was given to Work.
func (p *Process) Start() (*Process, error) { return p.child(request{Op: opStart}) }

// child sends a request that starts a child of the process, and returns that child.
func (p *Process) child(r request) (*Process, error) {
	a, err := p.ask(r)
	if err != nil {
		return nil, err
	}
	return &Process{p.pipe, append(slices.Clip(p.route), a.N)}, nil
}

// Close ends the process at once, with SIGKILL. For a process of [Over] it closes the pipe,
// which must end the process. Close may be called twice.
func (p *Process) Close() error {
	if len(p.route) == 0 {
		return p.pipe.close()
	}
	_, err := p.ask(request{Op: opKill})
	return err
}
