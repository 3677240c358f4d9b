package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"fullex/cmd/fullex/internal/target"
)

const (
	// capacity is the largest of a deque, in values.
	capacity = 100
	// valueSize is the size of a value at the device, in bytes.
	valueSize = 4
)

// worker does one operation at a time on a session of its own. All its calls are
// made by one goroutine, live.
type worker struct {
	calls  chan func()
	target target.Target
	path   string
	mix    Mix
	random *rand.Rand
	counts *recorder
	done   *atomic.Int64
	file   target.File
	value  [valueSize]byte
	next   uint32
}

func newWorker(t target.Target, path string, mix Mix, number uint64, counts *recorder, done *atomic.Int64) *worker {
	return &worker{calls: make(chan func()), target: t, path: path, mix: mix, random: rand.New(rand.NewPCG(number, 1)), counts: counts, done: done}
}

// live makes the calls that it is told to, until there will be no others. With a
// thread of its own all are that thread's: the kernel module tells threads apart.
func (w *worker) live(ownThread bool) {
	if ownThread {
		runtime.LockOSThread() // and never unlocked: the thread ends, too
	}
	for call := range w.calls {
		call()
	}
}

// call has live make a call, and waits.
func (w *worker) call(f func() error) error {
	result := make(chan error)
	w.calls <- func() { result <- f() }
	return <-result
}

// ready opens the device and fills half of the deque.
func (w *worker) ready() error {
	file, err := w.target.Open(w.path, os.O_RDWR)
	if err != nil {
		if errors.Is(err, syscall.EACCES) {
			err = fmt.Errorf("%w (another one has it open; see --file)", err)
		}
		return err
	}
	w.file = file
	if _, err := file.Write([]byte{capacity}); err != nil {
		return fmt.Errorf("set the capacity: %w", err)
	}
	for range capacity / 2 {
		if err := w.push(); err != nil {
			return fmt.Errorf("fill the deque: %w", err)
		}
	}
	return nil
}

// run does what is due, until nothing is.
func (w *worker) run(source chances) error {
	for {
		due, ok := source.next()
		if !ok {
			return nil
		}
		kind := w.mix.pick(w.random)
		err := w.do(kind)
		refused := errors.Is(err, syscall.EACCES)
		if err != nil && !refused {
			return fmt.Errorf("%s: %w", kind, err)
		}
		w.counts.add(kind, time.Since(due), refused)
		w.done.Add(1)
	}
}

func (w *worker) do(k Kind) error {
	switch k {
	case Write:
		return w.push()
	case Read:
		return w.pop()
	}
	file, err := w.target.Open(w.path, os.O_RDWR)
	if err != nil {
		return err
	}
	return file.Close()
}

// push writes an odd and an even value in turn, which go to both ends.
func (w *worker) push() error {
	w.next++
	binary.LittleEndian.PutUint32(w.value[:], w.next)
	n, err := w.file.Write(w.value[:])
	return whole(n, err)
}

func (w *worker) pop() error {
	n, err := w.file.Read(w.value[:])
	return whole(n, err)
}

// whole has a part of a value be an error.
func whole(n int, err error) error {
	if err == nil && n != valueSize {
		return fmt.Errorf("%d bytes instead of %d", n, valueSize)
	}
	return err
}

func (w *worker) close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Close()
}
