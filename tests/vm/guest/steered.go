//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// steered are scenarios that run only where they are asked for by name: the test does
// something to the machine meanwhile, or has put something into it.
var steered = map[string]func(*check){
	"held":          held,
	"unplugged":     unplugged,
	"no-device":     noDevice,
	"rates":         rates,
	"kernel-module": kernelModule,
	"upgraded":      upgraded,
}

// unmounted are scenarios before which nothing is mounted.
var unmounted = map[string]bool{"no-device": true, "kernel-module": true}

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
	everyRow(c)
}

// noDevice has a device behind which nobody answers: a mount waits for ever, and
// the machine lives.
func noDevice(c *check) {
	waiting := exec.Command("/bin/busybox", "mount", "-t", "9p", "-o", "trans=virtio,version=9p2000.L", kernelArgument("fullex.tag"), mountPoint)
	c.must("start the mount", waiting.Start())
	ended := make(chan error, 1)
	go func() { ended <- waiting.Wait() }()
	select {
	case err := <-ended:
		c.errorf("the mount ended: %v", err)
	case <-time.After(3 * time.Second):
	}
	out, err := exec.Command("/bin/busybox", "uname").Output()
	c.must("run another program", err)
	c.same("uname", string(out), "Linux\n")
}

// soon waits until something holds.
func (c *check) soon(what string, holds func() bool) {
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.fatalf("did not happen: %s", what)
		}
	}
}
