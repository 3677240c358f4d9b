package check

import (
	"os"
	"slices"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// A marked session can be found in a server's list: other sessions hardly have both this
// capacity and this length.
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
			f.finish()
		}),
		claim("close.new", 1, contract.RowClose, "a session without a capacity can be closed", func(t *trial) {
			c := t.client()
			c.open().close()
			c.opensNew()
		}),
		claim("close.frees", 2, contract.RowClose, "a session that is closed disappears from the server's list of sessions", closeFrees),
		claim("close.cycles", 3, contract.RowClose, "1,000 times open and close leave no session behind", cycles),
		claim("kill.frees", 3, contract.RowClose, "a client that is killed leaves no session behind", killFrees),
	}
}

// mark marks a new session.
func (f *file) mark() {
	capacity, length := f.c.marks()
	f.capacity(capacity)
	for v := range int32(length) {
		f.push(v)
	}
}

// marks returns the marks that the contract allows.
func (c *client) marks() (capacity, length int) {
	capacity = min(max(markedCapacity, c.t.o.Contract.MinCapacity), c.t.o.Contract.MaxCapacity)
	return capacity, min(markedLength, capacity)
}

// isListed reports whether the server lists a marked session.
func (c *client) isListed() bool { return c.count(c.marks()) > 0 }

// isGone fails the trial if a marked session is still listed after settleTime.
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
		t.note("nothing here lists the sessions, so the case only checked that the device can be opened again")
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
		t.note("nothing here lists the sessions, so the case only checked that another client can open the device")
	}
	watcher.opensNew()
}

// opensAgain waits until the device can be opened again after a client was killed.
func (c *client) opensAgain() {
	call := c.t.trace.begin("open", "%sopen(%q, O_RDWR", c.prefix, c.Traits.Path)
	var err error
	free := c.t.eventually(func() bool {
		var f target.File
		f, err = c.Open(c.Device, os.O_RDWR)
		if err == nil {
			err = f.Close()
		}
		return !slices.ContainsFunc(c.newModel().OpenAgain(), func(a contract.Answer) bool { return a.Is(0, err) })
	})
	c.t.trace.end(call, ") = %s", returned(0, err))
	if !free {
		c.t.fail("open is still refused %s after the client that had the device open was killed, must succeed", settleTime)
	}
}
