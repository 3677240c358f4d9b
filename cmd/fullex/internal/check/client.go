package check

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// client is a Client whose calls are recorded and judged. It has no Opener if it could
// not be started. Then its methods do nothing, because its trial is over.
type client struct {
	Client
	t      *trial
	prefix string // of its recorded calls: "[client 2] ", or "" for the first client
	fds    *descriptors
}

// descriptors gives out the lowest free number, from 3 on, as a kernel does. It is safe
// for concurrent use.
type descriptors struct {
	mu   sync.Mutex
	used []bool
}

const firstDescriptor = 3

func (d *descriptors) take() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.Index(d.used, false)
	if i < 0 {
		i, d.used = len(d.used), append(d.used, false)
	}
	d.used[i] = true
	return firstDescriptor + i
}

func (d *descriptors) free(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used[n-firstDescriptor] = false
}

// open opens the device, which must succeed.
func (c *client) open() *file {
	subject := "open"
	if c.prefix != "" {
		subject += " by " + strings.Trim(c.prefix, "[] ")
	}
	return c.openAs(subject, os.O_RDWR, succeeds)
}

// opensNew opens the device, checks that the session is new, and closes it.
func (c *client) opensNew() {
	f := c.open()
	f.isNew()
	f.close()
}

// filled opens the device, sets the capacity and pushes values.
func (c *client) filled(capacity int, values ...int32) *file {
	f := c.open()
	f.capacity(capacity)
	f.push(values...)
	return f
}

// refuseOpen opens the device, which must fail: this client has it open. Where each open
// is a client of its own, refuseOpen does nothing.
func (c *client) refuseOpen(subject string) {
	if c.Traits.EachOpen != "" {
		return
	}
	c.refuseOpenWith(subject, 0)
}

// refuseOpenWith is refuseOpen with more flags than O_RDWR.
func (c *client) refuseOpenWith(subject string, flags int) {
	if c.t.passesOver(contract.RowOpenTwice) {
		return
	}
	c.openAs(subject, os.O_RDWR|flags, c.newModel().OpenAgain()...)
}

// newModel returns the model of a new session.
func (c *client) newModel() contract.Model {
	return contract.Model{Contract: c.t.o.Contract, LongReads: c.Traits.LongReads}
}

// openAs opens the device with flags, which must give one of the answers. The file is never nil.
func (c *client) openAs(subject string, flags int, answers ...contract.Answer) *file {
	s := &state{c.newModel()}
	none := &file{c: c, state: s}
	if c.Opener == nil || c.t.isOver() {
		return none
	}
	mode := ""
	if flags&syscall.O_CREAT != 0 {
		mode = ", 0666"
	}
	call := c.t.trace.begin("open", "%sopen(%q, %s%s", c.prefix, c.Traits.Path, flagNames(flags), mode)
	f, err := c.Open(c.Device, flags)
	if err != nil {
		c.t.trace.end(call, ") = %s", returned(0, err))
		c.judge(subject, 0, err, answers...)
		return none
	}
	opened := &file{c: c, file: f, number: c.fds.take(), state: s}
	c.t.trace.end(call, ") = %d", opened.number)
	if !answers[0].Is(0, nil) {
		c.t.fail("%s succeeded, must %s", subject, must(answers))
	}
	return opened
}

// change makes a call with the path of the device. The call must succeed.
func (c *client) change(name, arguments string, do func(m target.Mounted, path string) error) {
	if c.Opener == nil || c.t.isOver() {
		return
	}
	mounted, ok := c.Opener.(target.Mounted)
	if !ok {
		c.t.skip("this client cannot call %s", name)
		return
	}
	call := c.t.trace.begin(name, "%s%s(%q%s", c.prefix, name, c.Traits.Path, arguments)
	err := do(mounted, c.Device)
	c.t.trace.end(call, ") = %s", returned(0, err))
	c.judge(name+" of the device", 0, err, succeeds)
}

// stat returns the mode of the device and its size in bytes.
func (c *client) stat() (mode fs.FileMode, size int64) {
	if c.Opener == nil || c.t.isOver() {
		return 0, 0
	}
	stater, ok := c.Opener.(Stater)
	if !ok {
		c.t.skip("this client cannot ask for a file's mode")
		return 0, 0
	}
	call := c.t.trace.begin("stat", "%sstat(%q, ", c.prefix, c.Traits.Path)
	e, err := stater.Stat(c.Device)
	shown := "..."
	if err == nil {
		shown = "{st_mode=" + modeName(e.Mode) + ", st_size=" + returned(int(e.Size), nil) + "}"
	}
	c.t.trace.end(call, "%s) = %s", shown, returned(0, err))
	c.judge("stat of the device", 0, err, succeeds)
	return e.Mode, e.Size
}

// thread returns the client and the file with their calls made by the numbered thread. A
// client without threads makes them itself.
func (c *client) thread(number int, f *file) (*client, *file) {
	view := *c
	seen := *f
	if threader, ok := c.Opener.(Threader); ok {
		view.Opener, seen.file = threader.Thread(number, f.file)
		view.prefix = c.prefix + "[thread " + returned(number, nil) + "] "
	}
	seen.c = &view
	return &view, &seen
}

// fork starts a child that inherits an open file. It returns the child and the file of
// the child.
func (c *client) fork(f *file) (*client, *file) {
	none := &client{t: c.t}
	if c.Opener == nil || f.file == nil || c.t.isOver() {
		return none, &file{c: none, state: f.state}
	}
	forker, ok := c.Opener.(Forker)
	if !ok {
		c.t.skip("over 9P an open file belongs to one connection, so no other process can use it")
		return none, &file{c: none, state: f.state}
	}
	o, inherited, err := forker.Fork(f.file)
	if err != nil {
		c.t.fail("a child process cannot be started: %v", err)
		return none, &file{c: none, state: f.state}
	}
	child := c.t.add(c.place.client(o, 0))
	if child.Opener == nil {
		return none, &file{c: none, state: f.state}
	}
	got := &file{c: child, file: inherited, number: child.fds.take(), state: f.state}
	call := c.t.trace.begin("fork", "%sfork(", c.prefix)
	c.t.trace.end(call, ") = client with fd %d", got.number)
	return child, got
}

// kill ends the client at once: a process with SIGKILL, a connection by closing it.
func (c *client) kill() {
	if c.Opener == nil || c.t.isOver() {
		return
	}
	call := c.t.trace.begin("kill", "%skill(self, SIGKILL", c.prefix)
	err := c.Close()
	c.t.trace.end(call, ") = %s", returned(0, err))
	if err != nil {
		c.t.fail("the client cannot be killed: %v", err)
	}
}
