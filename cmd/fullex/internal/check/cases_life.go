package check

import (
	"errors"
	"os"
	"syscall"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// Sessions that are looked for in a server's list have a capacity and a length
// that others hardly have.
const (
	markedCapacity = 97
	markedLength   = 3
)

func lifeCases() []Case {
	return []Case{
		claim("close.resets", 3, contract.RowClose, "after a close the next open finds no capacity and no values", func(t *trial) {
			c := t.client()
			f := c.filled(2, 2, 4)
			f.close()
			f = c.open()
			f.isNew()
			f.capacity(3)
			f.drained()
			f.push(6)
			f.finish(6)
		}),
		claim("close.new", 1, contract.RowClose, "a session without a capacity can be closed", func(t *trial) {
			c := t.client()
			c.open().close()
			c.opensNew()
		}),
		claim("close.frees", 2, contract.RowClose, "a server's list of sessions loses one that is closed", closeFrees),
		claim("close.cycles", 3, contract.RowClose, "1,000 times open and close leave nothing behind", cycles),
		claim("kill.frees", 3, contract.RowClose, "a client that is killed leaves no session behind", killFrees),
	}
}

// mark makes a session that can be looked for.
func (f *file) mark() {
	f.capacity(markedCapacity)
	for v := range int32(markedLength) {
		f.push(v)
	}
}

// isListed says whether the client sees the marked session of another client.
func (c *client) isListed() bool { return c.count(markedCapacity, markedLength) > 0 }

// isGone fails unless no marked session is listed any more.
func (c *client) isGone(whose string) {
	if !c.t.isOver() && !c.t.eventually(func() bool { return !c.isListed() }) {
		c.t.fail("the session of %s is still in the server's list after %s, must be freed", whose, settleTime)
	}
}

func closeFrees(t *trial) {
	c := t.client()
	f := c.open()
	f.mark()
	if !c.isListed() {
		t.skip("nothing here lists the sessions")
	}
	f.close()
	c.isGone("a file that was closed")
}

func cycles(t *trial) {
	const times = 1000
	c := t.client()
	for i := range times {
		f := c.open()
		if i%2 == 0 {
			f.mark()
		}
		f.close()
	}
	c.opensNew()
	if _, ok := c.listed(); !ok {
		t.note("nothing here lists the sessions: that all can be opened again was looked at, not what is left")
		return
	}
	c.isGone("a file that was closed")
}

func killFrees(t *trial) {
	watcher, holder := t.client(), t.client()
	f := holder.open()
	f.mark()
	listed := watcher.isListed()
	holder.kill()
	switch {
	case t.isOver():
	case watcher.Traits.OneClient != "":
		watcher.opensAgain()
	case listed:
		watcher.isGone("a client that was killed")
	default:
		t.note("nothing here lists the sessions: that others can go on was looked at, not what is left")
	}
	watcher.opensNew()
}

// opensAgain waits until what a killed client had open is free.
func (c *client) opensAgain() {
	call := c.t.trace.begin("open", "%sopen(%q, O_RDWR", c.prefix, c.Traits.Path)
	var err error
	free := c.t.eventually(func() bool {
		var f target.File
		f, err = c.Open(c.Device, os.O_RDWR)
		if err == nil {
			err = f.Close()
		}
		errno, _ := errors.AsType[syscall.Errno](err)
		return errno != syscall.EACCES
	})
	c.t.trace.end(call, ") = %s", returned(0, err))
	if !free {
		c.t.fail("open is still refused %s after the client that had the device open was killed, must succeed", settleTime)
	}
}
