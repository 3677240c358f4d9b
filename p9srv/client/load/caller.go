package load

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// Caller makes one call at a time on an open file. It is a [Worker]. Each Caller has a thread
// of its own, because the kernel module distinguishes threads.
type Caller struct {
	open    func() (io.ReadWriteCloser, error)
	calls   chan func() // for the thread; closing it ends the thread
	session *session
	file    io.ReadWriteCloser
	value   [valueSize]byte
	done    atomic.Int64
	left    int64 // operations that may begin; negative: no limit
	tally   tally
	limit   time.Duration // how long the last calls may take
	within  atomic.Bool   // a call has begun and not returned
}

var _ Worker = (*Caller)(nil)

// NewCaller opens the device with a function and fills its deque. Operations of kind Open
// call the same function. Path, Depth and Sessions of the Config are not used. An error wraps
// that of the call: an errno if the device refused.
func NewCaller(open func() (io.ReadWriteCloser, error), config Config) (*Caller, error) {
	c := &Caller{
		open: open, calls: make(chan func()), session: newSession(&config, 0, 0),
		tally: tally{to: config.Recorder}, limit: patience,
	}
	go c.live() // ends when calls is closed; never if a call hangs
	if err := c.call(func() error { return c.ready(config.Fill) }); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// live is the thread: it makes the calls from the channel.
func (c *Caller) live() {
	runtime.LockOSThread() // and never unlocked: the thread ends, too
	for call := range c.calls {
		call()
	}
}

// call makes a call on the thread, and waits for it.
func (c *Caller) call(f func() error) error {
	result := make(chan error)
	c.within.Store(true)
	c.calls <- func() { result <- f() }
	err := <-result
	c.within.Store(false)
	return err
}

// ready opens the device, sets its capacity and fills its deque.
func (c *Caller) ready(fill int) error {
	file, err := c.open()
	if err != nil {
		return err
	}
	c.file = file
	if _, err := file.Write([]byte{Capacity}); err != nil {
		return fmt.Errorf("set the capacity: %w", err)
	}
	for range fill {
		if _, err := c.do(c.session.push()); err != nil {
			return fmt.Errorf("fill the deque: %w", err)
		}
	}
	return nil
}

// do makes the calls of an operation. It reports whether the device rightly refused it.
func (c *Caller) do(o operation) (refused bool, err error) {
	switch o.kind {
	case Write:
		le.PutUint32(c.value[:], o.value)
		n, err := c.file.Write(c.value[:])
		return c.session.judge(o, outcome{n: n, err: err})
	case Read:
		n, err := c.file.Read(c.value[:])
		return c.session.judge(o, outcome{n, le.Uint32(c.value[:]), err})
	}
	file, err := c.open()
	if errors.Is(err, syscall.EACCES) {
		return true, nil
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", o.kind, err)
	}
	return false, err
}

// Done implements [Worker].
func (c *Caller) Done() int64 { return c.done.Load() }

// prepare implements Worker.
func (c *Caller) prepare(r *round) error {
	c.left, c.limit = r.each, patience
	return nil
}

// work implements Worker.
func (c *Caller) work(r *round) error { return c.call(func() error { return c.run(r) }) }

// run makes operations when they are due.
func (c *Caller) run(r *round) error {
	for now := r.now(); c.left != 0; c.left-- {
		due, ok := r.await(now)
		if !ok {
			break
		}
		o := c.session.next()
		refused, err := c.do(o)
		if err != nil {
			return err
		}
		now = r.now()
		c.tally.add(o.kind, due, now, refused)
		c.tally.tell()
		c.done.Add(1)
	}
	return nil
}

// stop implements Worker. It cannot end a call: Run does not wait for one that hangs.
func (c *Caller) stop(limit time.Duration) { c.limit = limit }

// Close implements [Worker]. It does not wait for a call that hangs, nor close the file then.
func (c *Caller) Close() error {
	if c.within.Load() {
		return nil
	}
	closed := make(chan struct{})
	var err error
	go func() {
		defer close(closed)
		defer close(c.calls)
		if c.file != nil {
			err = c.call(c.file.Close)
		}
	}()
	if !isClosed(closed, c.limit) {
		return fmt.Errorf("close: %w", noReply(c.limit))
	}
	if err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
