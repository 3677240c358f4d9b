package check

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"sync"
	"time"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// Work makes the calls that it is asked for on in and answers on out, until in
// ends. It is a client of its own: the process that another one, which checks a
// target that is a path, has started with the words of command.
//
// It returns although calls may hang; the process is to end then.
func Work(in io.Reader, out io.Writer, command []string) error {
	w := &worker{command: command, out: json.NewEncoder(out), threads: map[int]chan request{}, files: map[int]target.File{}}
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

// worker is the state of a worker process.
type worker struct {
	command []string             // that starts another one
	threads map[int]chan request // of the goroutine that takes requests

	writing sync.Mutex
	out     *json.Encoder

	mu       sync.Mutex
	target   target.Target
	files    map[int]target.File // by their handles, which are never used again
	opened   int
	children []*process
}

// threadQueue is how many requests may wait for a thread.
const threadQueue = 16

// take hands a request to whoever makes it.
func (w *worker) take(r request) {
	switch {
	case r.Child > 0:
		go func() { w.answer(r.ID, w.forward(r)) }()
		return
	case r.Op == opKill: // also while this process's own calls hang
		go func() { w.answer(r.ID, w.killChild(r.Handle)) }()
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
		w.answer(r.ID, w.do(r))
	}
}

func (w *worker) answer(id uint64, a reply) {
	a.ID = id
	w.writing.Lock()
	defer w.writing.Unlock()
	_ = w.out.Encode(a) // whoever does not listen any more will end this process
}

// result makes a reply of what a call returned.
func result(n int, err error) reply {
	if err == nil {
		return reply{N: n}
	}
	if errno, ok := errnoOf(err); ok {
		return reply{Errno: int(errno)}
	}
	return reply{Text: err.Error()}
}

// forward passes a request on to a child.
func (w *worker) forward(r request) reply {
	w.mu.Lock()
	known := r.Child <= len(w.children)
	var child *process
	if known {
		child = w.children[r.Child-1]
	}
	w.mu.Unlock()
	if !known {
		return reply{Text: "no such child"}
	}
	r.Child = 0
	a, err := child.ask(r)
	if err != nil {
		return reply{Text: err.Error()}
	}
	return a
}

func (w *worker) do(r request) reply {
	switch r.Op {
	case opTarget:
		return w.aim(r.Path)
	case opInherit:
		return reply{N: w.keep(target.Inherited(inheritedFD))}
	}
	w.mu.Lock()
	t, f := w.target, w.files[r.Handle]
	w.mu.Unlock()
	switch r.Op {
	case opOpen, opStat, opTruncate, opTouch:
		if t == nil {
			return reply{Text: "no target yet"}
		}
		return w.byPath(t, r)
	}
	if f == nil {
		return reply{Text: "no such open file"}
	}
	return w.byHandle(f, r)
}

// aim sets the target.
func (w *worker) aim(path string) reply {
	t, err := target.Open(context.Background(), target.AtPath(path))
	if err != nil {
		return result(0, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.target = t
	return reply{}
}

func (w *worker) keep(f target.File) (handle int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened++
	w.files[w.opened] = f
	return w.opened
}

// byPath makes the calls that name a file.
func (w *worker) byPath(t target.Target, r request) reply {
	switch r.Op {
	case opOpen:
		f, err := t.Open(r.Path, r.Flags)
		if err != nil {
			return result(0, err)
		}
		return reply{N: w.keep(f)}
	case opStat:
		e, err := t.Stat(r.Path)
		a := result(int(e.Size), err)
		a.Mode = uint32(e.Mode)
		return a
	case opTruncate:
		return result(0, os.Truncate(path.Clean(r.Path), 0))
	default:
		now := time.Now()
		return result(0, os.Chtimes(path.Clean(r.Path), now, now))
	}
}

// byHandle makes the calls at an open file.
func (w *worker) byHandle(f target.File, r request) reply {
	switch r.Op {
	case opRead, opReadAt:
		// Spare room behind it: the module says 4 also where less was asked for.
		p := make([]byte, r.Count, r.Count+contract.ValueSize)
		n, err := readInto(f, p, r)
		a := result(n, err)
		a.Data = p[:min(max(n, 0), len(p))]
		return a
	case opWrite:
		return result(f.Write(r.Data))
	case opWriteAt:
		return result(f.WriteAt(r.Data, r.Offset))
	case opClose:
		w.mu.Lock()
		delete(w.files, r.Handle)
		w.mu.Unlock()
		return result(0, f.Close())
	case opFork:
		return w.fork(f)
	}
	return reply{Text: "no such request: " + r.Op}
}

func readInto(f target.File, p []byte, r request) (int, error) {
	if r.Op == opReadAt {
		return f.ReadAt(p, r.Offset)
	}
	return f.Read(p)
}

// fork starts a child that has an open file.
func (w *worker) fork(f target.File) reply {
	described, ok := f.(target.Described)
	if !ok {
		return reply{Text: "the open file is no descriptor"}
	}
	child, err := startProcess(w.command, described.FD())
	if err != nil {
		return result(0, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.children = append(w.children, child)
	return reply{N: len(w.children), Process: child.cmd.Process.Pid}
}

func (w *worker) killChild(number int) reply {
	w.mu.Lock()
	if number < 1 || number > len(w.children) {
		w.mu.Unlock()
		return reply{Text: "no such child"}
	}
	child := w.children[number-1]
	w.mu.Unlock()
	return result(0, child.kill())
}
