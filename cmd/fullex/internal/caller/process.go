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

// inheritedFD is the descriptor of the open file that a forked child has.
const inheritedFD = 3

// Process is a process that runs [Work], as whoever asks it has it.
type Process struct {
	pipe  *pipe
	route []int // to it from the process at the other end of the pipe
}

// Start starts a process with the words of a command, which run Work over the standard
// input and output.
func Start(command []string) (*Process, error) { return start(command, nil) }

// start starts a process, with an open file unless that is nil.
func start(command []string, file target.Described) (*Process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	// A signal for this program and its processes must not end the calls that are
	// judged: this program stops the run.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if file != nil {
		// A copy, since the child's is made of an os.File, which would close it.
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

// Over returns the process at the other end of a pipe, which runs Work there: in has its
// answers. Closing out must end Work there, and with it in.
func Over(in io.Reader, out io.WriteCloser) *Process { return &Process{pipe: newPipe(in, out, nil)} }

// ask makes a request. A refusal is an error, too.
func (p *Process) ask(r request) (reply, error) {
	r.Route = p.route
	a, err := p.pipe.ask(r)
	if err == nil && a.Err != nil {
		err = a.Err
	}
	return a, err
}

// Start starts another process where this one is.
func (p *Process) Start() (*Process, error) { return p.child(request{Op: opStart}) }

func (p *Process) child(r request) (*Process, error) {
	a, err := p.ask(r)
	if err != nil {
		return nil, err
	}
	return &Process{p.pipe, append(slices.Clip(p.route), a.N)}, nil
}

// Close ends the process at once: with SIGKILL, but for one of [Over]. It may be called
// twice.
func (p *Process) Close() error {
	if len(p.route) == 0 {
		return p.pipe.close()
	}
	_, err := p.ask(request{Op: opKill})
	return err
}
