package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// steered are scenarios during which the test does something to the machine, so
// that they run only where they are asked for by name.
var steered = map[string]func(*check){
	"held":      held,
	"unplugged": unplugged,
	"no-device": noDevice,
}

// unmounted are scenarios before which nothing is mounted.
var unmounted = map[string]bool{"no-device": true}

// typed is what the test types on the console.
var typed = bufio.NewReader(os.Stdin)

// at marks a place at which the test does something to the machine, and waits for
// the line that the test types then.
func (c *check) at(mark string) (line string) {
	fmt.Println("@@ AT " + mark)
	line, err := typed.ReadString('\n')
	c.must("wait for the test at "+mark, err)
	return strings.TrimSpace(line)
}

// held has a session at its mark, and goes on with it, unless it is told to
// restart the machine.
func held(c *check) {
	d := c.filled(plain, 3, 2, 4)
	if c.at("held") == "restart" {
		c.must("restart", syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART))
	}
	c.read(d, 4, 2)
	c.write(d, value(6), "4")
	c.read(d, 4, 4)
	c.read(d, 4, 6)
	c.close(d)
}

// unplugged goes on with a mount whose device the test has asked for, gives it up,
// and mounts again when the test has plugged it in again.
func unplugged(c *check) {
	d := c.filled(plain, 3, 2)
	c.at("mounted")
	c.read(d, 4, 2)
	c.close(d)
	c.close(c.filled(plain, 3, 2))
	c.must("unmount", unmount())
	c.at("unmounted")
	c.soon("the mount works", func() bool { return mount("") == nil })
	contract(c)
}

// noDevice finds no device that it can mount, and lives.
func noDevice(c *check) {
	for range 3 {
		err := mount("")
		c.same("mount", errors.Is(err, syscall.ENOENT), true)
	}
}

// soon waits until something holds.
func (c *check) soon(what string, holds func() bool) {
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.fatalf("did not happen: %s", what)
		}
	}
}
