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

// endTime is how long close waits for the process to end.
const endTime = 2 * time.Second

var (
	errEnded  = errors.New("its process has ended")
	errGoesOn = errors.New("a process was told to end but still runs")
)

// pipe is the end of a pipe that sends requests. It is safe for concurrent use.
type pipe struct {
	out   io.Closer
	cmd   *exec.Cmd     // the process at the other end; nil: the user of Over started it
	ended chan struct{} // closed when that process has ended

	mu      sync.Mutex              // guards the fields below
	encoder *json.Encoder           // to out
	asked   uint64                  // ID of the last request
	waiting map[uint64]chan<- reply // by ID; nil: the process has ended
}

func newPipe(in io.Reader, out io.WriteCloser, cmd *exec.Cmd) *pipe {
	p := &pipe{out: out, cmd: cmd, ended: make(chan struct{}), encoder: json.NewEncoder(out), waiting: map[uint64]chan<- reply{}}
	go p.listen(json.NewDecoder(in))
	return p
}

// listen passes each reply to the request that waits for it, until the process ends.
func (p *pipe) listen(in *json.Decoder) {
	defer close(p.ended)
	var a reply
	for ; in.Decode(&a) == nil; a = (reply{}) { // an error: the process has ended, or sent no JSON
		p.mu.Lock()
		if to := p.waiting[a.ID]; to != nil {
			to <- a // never waits: the channel has room for one reply
		}
		delete(p.waiting, a.ID)
		p.mu.Unlock()
	}
	_ = p.kill() // the process has ended, or must end because nobody can read its replies
	p.mu.Lock()
	for _, to := range p.waiting {
		close(to)
	}
	p.waiting = nil
	p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Wait() // an error: the process was killed, as intended
	}
}

// ask sends a request and waits for its reply. It returns errEnded if the process ends
// before that.
func (p *pipe) ask(r request) (reply, error) {
	answer := make(chan reply, 1)
	if p.send(r, answer) {
		if a, ok := <-answer; ok {
			return a, nil
		}
	}
	if r.Op == opKill {
		return reply{}, nil // the child has ended too: children end with their parent
	}
	return reply{}, errEnded
}

// send gives a request an ID and sends it. The reply will be sent to answer, or answer will
// be closed. sent is false if the process has ended.
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

// kill kills the process if this one started it, and closes the pipe to it.
func (p *pipe) kill() error {
	defer func() { _ = p.out.Close() }() // the process must end, so an error does not matter
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// close ends the process and waits until it has ended. It returns an error if that takes
// longer than endTime: the process may hang in the kernel.
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
