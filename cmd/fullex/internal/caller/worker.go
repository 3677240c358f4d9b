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

// Work reads requests from in, makes their calls and writes replies to out, until in ends.
// command is the program and the arguments of the processes that it starts. They must run
// Work, too.
//
// Work returns even if calls still wait. The process must end after that. Its end closes
// the pipes to its children, so they end, too.
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
	command []string             // starts a child
	threads map[int]chan request // queues of requests, by thread; only the goroutine of Work uses it

	writing sync.Mutex // guards out
	out     *json.Encoder

	mu       sync.Mutex          // guards the fields below
	target   target.Target       // nil: none yet
	files    map[int]target.File // by handle; no handle is used twice
	opened   int                 // the last handle
	children []*pipe             // pipes to the children; number 1 is the first
}

// threadQueue is how many requests may wait for a thread.
const threadQueue = 16

// take passes a request to its thread, or to a goroutine that forwards it.
func (w *worker) take(r request) {
	if len(r.Route) > 0 { // the calls of this process may hang, so no thread forwards
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

// thread makes calls in one thread of the system. The original module distinguishes clients
// by thread.
func (w *worker) thread(queue <-chan request) {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	for r := range queue {
		w.answer(r, w.do)
	}
}

// endThreads ends each thread when its calls have returned.
func (w *worker) endThreads() {
	for _, queue := range w.threads {
		close(queue)
	}
}

// answer makes a call and sends its reply.
func (w *worker) answer(r request, call func(request) (reply, error)) {
	a, err := call(r)
	a.ID, a.Err = r.ID, failed(err)
	w.writing.Lock()
	defer w.writing.Unlock()
	_ = w.out.Encode(a) // an error: the other end has closed the pipe, so Work ends too
}

var errNoChild = errors.New("no such child")

// forward passes a request on to a child, or kills the child.
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

// adopt gives a new child a number, and returns the reply. It returns an err that is not nil.
func (w *worker) adopt(child *Process, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.children = append(w.children, child.pipe)
	return reply{N: len(w.children)}, nil
}
