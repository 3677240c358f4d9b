//go:build linux

package main

import (
	"syscall"
	"time"
)

// killHolder kills a process that has the device open and makes no calls. Its user can open
// the device again, with a new session, as soon as the server has got Tclunk.
func killHolder(c *check) { killed(c, "hold", "holding") }

// killCaller kills a process that makes calls all the time.
func killCaller(c *check) { killed(c, "call", "calling") }

// killed starts a process in a role, waits for its line ready, and kills it.
func killed(c *check, role, ready string) {
	for range 5 {
		p := c.start(alice, nil, role, plain)
		c.line(p, ready)
		c.must("kill", p.cmd.Process.Kill())
		if err := p.cmd.Wait(); err == nil {
			c.errorf("the process ended before the kill: %s", p.errors.String())
		}
		c.wait(c.start(alice, nil, "open-soon", plain))
	}
}

// roleCall calls the device until it is killed.
func roleCall(c *check, args []string) {
	d := c.filled(args[0], 9)
	say("calling")
	for len(c.failures) == 0 {
		c.write(d, value(2), "4")
		c.read(d, 100, 2)
	}
}

// roleOpenSoon tries to open the device until it succeeds, for at most five seconds. The
// session must be new.
func roleOpenSoon(c *check, args []string) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		d, err := openDevice(args[0], syscall.O_RDWR)
		if err == nil {
			c.refusedRead(d, 4, "EACCES")
			c.close(d)
			return
		}
		if err != syscall.EACCES || time.Now().After(deadline) {
			c.fatalf("open: %v", err)
		}
	}
}
