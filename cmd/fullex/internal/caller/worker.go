package caller

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"fullex/cmd/fullex/internal/target"
)

// Work makes the calls that it is asked for on in and answers on out, until in ends.
// Processes that it is asked to start run it, too: command are their words.
//
// It returns although calls may hang, and leaves these processes behind: its own is to end
// then, which ends them.
func Work(in io.Reader, out io.Writer, command []string) error {
	w := &worker{command: command, out: json.NewEncoder(out), threads: map[int]chan request{}, files: map[int]target.File{}}
	defer w.endThreads()
	for decoder := json.NewDecoder(bufio.NewReader(in)); ; {
		var r request
		err := decoder.Decode(&r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		w.take(r)
	}
}

// worker is the state of a process that runs Work.
type worker struct {
	command []string             // that starts another one
	threads map[int]chan request // of the goroutine that takes requests

	writing sync.Mutex
	out     *json.Encoder

	mu       sync.Mutex
	target   target.Target       // nil: none yet
	files    map[int]target.File // by their handles, which are never used again
	opened   int
	children []*pipe // to them; number 1 is the first
}

// threadQueue is how many requests may wait for a thread.
const threadQueue = 16

// take hands a request to whoever makes it.
func (w *worker) take(r request) {
	if len(r.Route) > 0 { // also while this process's own calls hang
		go w.answer(r, w.forward)
		return
	}
	queue := w.threads[r.Thread]
	if queue == nil {
		queue = make(chan request, threadQueue)
		w.threads[r.Thread] = queue
		go w.thread(queue)
	}
	queue <- r
}

// thread makes calls as one thread of the system: the original module keys on
// that.
func (w *worker) thread(queue <-chan request) {
	runtime.LockOSThread() // for ever
	for r := range queue {
		w.answer(r, w.do)
	}
}

// endThreads ends those whose calls return.
func (w *worker) endThreads() {
	for _, queue := range w.threads {
		close(queue)
	}
}

// answer makes a call and answers.
func (w *worker) answer(r request, call func(request) (reply, error)) {
	a, err := call(r)
	a.ID, a.Err = r.ID, failed(err)
	w.writing.Lock()
	defer w.writing.Unlock()
	_ = w.out.Encode(a) // whoever does not listen any more will end this process
}

var errNoChild = errors.New("no such child")

// forward passes a request on to a child, or ends the child.
func (w *worker) forward(r request) (reply, error) {
	child := &Process{route: r.Route[1:]}
	w.mu.Lock()
	if number := r.Route[0]; number > 0 && number <= len(w.children) {
		child.pipe = w.children[number-1]
	}
	w.mu.Unlock()
	switch {
	case child.pipe == nil:
		return reply{}, errNoChild
	case r.Op == opKill:
		return reply{}, child.Close()
	}
	return child.ask(r)
}

// adopt keeps a child.
func (w *worker) adopt(child *Process, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.children = append(w.children, child.pipe)
	return reply{N: len(w.children)}, nil
}
