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

// steered are scenarios that run only if the kernel's command line names them. During such a
// scenario the test does something to the machine, or the machine must be a special one.
var steered = map[string]func(*check){
	"held":          held,
	"unplugged":     unplugged,
	"no-device":     noDevice,
	"rates":         rates,
	"kernel-module": kernelModule,
	"upgraded":      upgraded,
}

// unmounted are scenarios for which setUp does not mount the server.
var unmounted = map[string]bool{"no-device": true, "kernel-module": true}

// typed is what the test types on the console.
var typed = bufio.NewReader(os.Stdin)

// at prints a mark and waits for the line that the test types. In between the test does
// something to the machine.
func (c *check) at(mark string) (line string) {
	fmt.Println("@@ AT " + mark)
	line, err := typed.ReadString('\n')
	c.must("wait for a line from the test at mark "+mark, err)
	return strings.TrimSpace(line)
}

// held has an open session at its mark. Then it uses the session, or restarts the machine if
// the line says so.
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

// unplugged uses a mount although the test has asked the guest to release the device. It
// unmounts, and mounts again when the test has plugged in the device.
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

// noDevice mounts a device that does not answer. The mount call waits for ever, but the machine
// continues to run.
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

// soon waits until a condition is true, and ends the scenario if that takes 30 seconds.
func (c *check) soon(what string, isTrue func() bool) {
	for deadline := time.Now().Add(30 * time.Second); !isTrue(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.fatalf("did not happen: %s", what)
		}
	}
}
