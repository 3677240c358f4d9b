package check

import (
	"errors"
	"os"
	"syscall"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

func unloadCases() []Case {
	c := claim("unload.open", 2, contract.RowUnload, "after the module is unloaded, calls at an open file fail with EIO, and close works", unloadOpen)
	c.tidy = func(o target.Opener) error { return control(o, "insmod full_ex") }
	return []Case{c}
}

func unloadOpen(t *trial) {
	if t.isModule() && !t.o.Dangerous {
		t.skip("unloading the original module while it is in use crashes a kernel (see --dangerous)")
		return
	}
	c := t.client()
	f := c.open()
	f.mark()
	if t.isOver() {
		return
	}
	sessions, ok := c.listed()
	if !ok {
		t.skip("this target has no ctl file to unload the module with")
		return
	}
	if len(sessions) > 1 && !t.o.Dangerous && !t.eventually(c.isAlone) {
		t.skip("others have the device open, and would lose their sessions (see --dangerous)")
		return
	}
	if !unload(c) {
		return
	}
	defer load(c)
	f.writeAs("write after the module was unloaded", bytesOf(2), f.model().Unloaded()...)
	f.readAs("read after the module was unloaded", contract.ValueSize, f.model().Unloaded()...)
	c.openAs("open after the module was unloaded", os.O_RDWR, fails(syscall.ENOENT))
	c.isGone("a file whose module was unloaded")
	f.close()
}

// isAlone reports whether the only listed session is that of the client. Sessions of
// connections that have ended may be listed for a moment.
func (c *client) isAlone() bool {
	sessions, ok := c.listed()
	return ok && len(sessions) == 1
}

// unload unloads the module, and reports whether that succeeded.
func unload(c *client) bool {
	err := c.command("rmmod full_ex")
	if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOENT) {
		c.t.skip("only the administrator of the server may unload the module")
		return false
	}
	if err != nil {
		c.t.fail("unloading the module, which is in use, failed (%v), must succeed", err)
	}
	return err == nil
}

// load loads the module again, also in a trial that has failed.
func load(c *client) {
	if err := c.command("insmod full_ex"); err != nil {
		c.t.fail("loading the module again failed (%v), must succeed", err)
		return
	}
	c.opensNew()
}
