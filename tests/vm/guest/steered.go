package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

// steered are scenarios during which the test does something to the machine, so
// that they run only where they are asked for by name.
var steered = map[string]func(*check){
	"held":    held,
	"plugged": plugged,
}

// typed is what the test types on the console.
var typed = bufio.NewReader(os.Stdin)

// at marks a place at which the test does something to the machine, and waits
// until the test types a line.
func (c *check) at(mark string) {
	fmt.Println("@@ AT " + mark)
	_, err := typed.ReadString('\n')
	c.must("wait for the test at "+mark, err)
}

// held has a session at its mark, and goes on with it.
func held(c *check) {
	d := c.filled(plain, 3, 2, 4)
	c.at("held")
	c.read(d, 4, 2)
	c.write(d, value(6), "4")
	c.read(d, 4, 4)
	c.read(d, 4, 6)
	c.close(d)
}

// plugged finds that the test has unplugged a virtio device, and plugged it in
// again.
func plugged(c *check) {
	before := c.virtioDevices()
	c.at("plugged")
	c.soon("a device less", func() bool { return c.virtioDevices() == before-1 })
	c.at("unplugged")
	c.soon("as many devices as before", func() bool { return c.virtioDevices() == before })
}

func (c *check) virtioDevices() int {
	entries, err := os.ReadDir("/sys/bus/virtio/devices")
	c.must("list the virtio devices", err)
	return len(entries)
}

// soon waits until something holds.
func (c *check) soon(what string, holds func() bool) {
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.fatalf("did not happen: %s", what)
		}
	}
}
