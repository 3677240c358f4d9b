package caller

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// endTime is how long a process that is ended may take.
const endTime = 2 * time.Second

var (
	errEnded  = errors.New("its process has ended")
	errGoesOn = errors.New("a process was told to end, and has not")
)

// pipe is the asking end of a pipe. It is safe for concurrent use.
type pipe struct {
	out   io.Closer
	cmd   *exec.Cmd     // the process at the other end; nil: somebody else started it
	ended chan struct{} // closed when it has ended

	mu      sync.Mutex
	encoder *json.Encoder // to out
	asked   uint64
	waiting map[uint64]chan<- reply // nil: it has ended
}

func newPipe(in io.Reader, out io.WriteCloser, cmd *exec.Cmd) *pipe {
	p := &pipe{out: out, cmd: cmd, ended: make(chan struct{}), encoder: json.NewEncoder(out), waiting: map[uint64]chan<- reply{}}
	go p.listen(json.NewDecoder(in))
	return p
}

// listen hands out replies until the process ends.
func (p *pipe) listen(in *json.Decoder) {
	defer close(p.ended)
	var a reply
	for ; in.Decode(&a) == nil; a = (reply{}) { // else it has ended, or talks nonsense and is killed
		p.mu.Lock()
		if to := p.waiting[a.ID]; to != nil {
			to <- a // it has room for one
		}
		delete(p.waiting, a.ID)
		p.mu.Unlock()
	}
	_ = p.kill() // an error says that it has ended
	p.mu.Lock()
	for _, to := range p.waiting {
		close(to)
	}
	p.waiting = nil
	p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Wait() // it was killed
	}
}

// ask makes a request and waits for its reply. The error is that there is none.
func (p *pipe) ask(r request) (reply, error) {
	answer := make(chan reply, 1)
	if p.send(r, answer) {
		if a, ok := <-answer; ok {
			return a, nil
		}
	}
	if r.Op == opKill {
		return reply{}, nil // a child ends with its parent
	}
	return reply{}, errEnded
}

func (p *pipe) send(r request, answer chan<- reply) (sent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == nil {
		return false
	}
	p.asked++
	r.ID = p.asked
	p.waiting[r.ID] = answer
	return p.encoder.Encode(r) == nil
}

func (p *pipe) kill() error {
	defer func() { _ = p.out.Close() }() // whoever reads it has ended, or is to end
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// close ends the process. One that hangs in the kernel may outlive it.
func (p *pipe) close() error {
	if err := p.kill(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return errGoesOn
	}
}
