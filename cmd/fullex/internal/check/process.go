package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// inheritedFD is the descriptor of the open file that a forked child has.
const inheritedFD = 3

var errProcessEnded = errors.New("its process has ended")

// process is a worker process as whoever started it has it. It is safe for
// concurrent use.
type process struct {
	cmd   *exec.Cmd
	input io.Closer
	ended chan struct{} // closed when it has ended

	mu      sync.Mutex
	out     *json.Encoder
	asked   uint64
	waiting map[uint64]chan reply // nil: it has ended
}

// startProcess starts a worker, with an open file if fd is not negative.
func startProcess(command []string, fd int) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	// A signal for this program and its processes must not end the calls that are
	// judged: this program stops the run.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if fd >= 0 {
		// A copy, since the child's is made of an os.File, which would close it.
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("copy the descriptor: %w", err)
		}
		inherited := os.NewFile(uintptr(copied), "device")
		defer func() { _ = inherited.Close() }()
		cmd.ExtraFiles = []*os.File{inherited}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), in.Close())
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	p := &process{cmd: cmd, input: in, ended: make(chan struct{}), out: json.NewEncoder(in), waiting: map[uint64]chan reply{}}
	go p.listen(out)
	return p, nil
}

// listen hands out replies until the process ends.
func (p *process) listen(from io.Reader) {
	for decoder := json.NewDecoder(from); ; {
		var a reply
		if err := decoder.Decode(&a); err != nil {
			break // it has ended, or talks nonsense and is killed
		}
		p.mu.Lock()
		to := p.waiting[a.ID]
		delete(p.waiting, a.ID)
		p.mu.Unlock()
		if to != nil {
			to <- a
		}
	}
	_ = p.cmd.Process.Kill() // an error says that it has ended
	p.mu.Lock()
	for _, to := range p.waiting {
		close(to)
	}
	p.waiting = nil
	p.mu.Unlock()
	_ = p.cmd.Wait() // it was killed
	close(p.ended)
}

// ask makes a request and waits for its reply. A refusal is in the reply.
func (p *process) ask(r request) (reply, error) {
	answer := make(chan reply, 1)
	p.mu.Lock()
	if p.waiting == nil {
		p.mu.Unlock()
		return reply{}, errProcessEnded
	}
	p.asked++
	r.ID = p.asked
	p.waiting[r.ID] = answer
	err := p.out.Encode(r)
	p.mu.Unlock()
	if err != nil {
		return reply{}, errProcessEnded
	}
	a, ok := <-answer
	if !ok {
		return reply{}, errProcessEnded
	}
	return a, nil
}

// kill ends the process with SIGKILL. One that hangs in the kernel may outlive it.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill process %d: %w", p.cmd.Process.Pid, err)
	}
	_ = p.input.Close() // nobody reads it
	timer := time.NewTimer(endTime)
	defer timer.Stop()
	select {
	case <-p.ended:
		return nil
	case <-timer.C:
		return fmt.Errorf("process %d was killed and has not ended", p.cmd.Process.Pid)
	}
}
