//go:build linux

package main

import (
	"slices"
	"strconv"
)

// users of the guest; none needs a name.
const (
	alice = 1000
	bob   = 1001
)

// member is a process that has a device open while others have theirs.
type member struct {
	uid  uint32
	path string // PID stands for the process's own number
}

func members(path string, uids ...uint32) []member {
	var list []member
	for _, uid := range uids {
		list = append(list, member{uid, path})
	}
	return list
}

// sixteen processes of one user.
func sixteen(path string) []member { return members(path, slices.Repeat([]uint32{alice}, 16)...) }

// together runs sessions at the same time and lets them read when all have
// written.
func together(c *check, all []member) {
	var running []*started
	for i, m := range all {
		running = append(running, c.start(m.uid, nil, "session", m.path, strconv.Itoa(1000*i)))
	}
	for _, p := range running {
		c.line(p, "filled")
	}
	for _, p := range running {
		c.release(p)
	}
	for _, p := range running {
		c.wait(p)
	}
}

// roleSession fills the device with values of its own, waits until all others
// have, and must find its own only.
func roleSession(c *check, args []string) {
	const values = 30
	first, err := strconv.Atoi(args[1])
	c.must("number", err)
	d := c.filled(ownPath(args[0]), values)
	for i := range values {
		c.write(d, value(int32(first+2*i)), "4")
	}
	say("filled")
	hearEnd(c)
	for i := range values {
		c.take(d, 4+i*100, int32(first+2*i))
	}
	c.refusedRead(d, 4, "EACCES")
	c.close(d)
}

// twoUsers have a deque each on the plain path; a second process of one has
// not.
func twoUsers(c *check) {
	together(c, members(plain, alice, bob))
	heldAgainst(c, plain, func() { c.wait(c.start(bob, nil, "open-soon", plain)) })
}

// processes of one user have a deque each through the doors that tell them
// apart, also while they use both and one more uses the plain path.
func processes(c *check) {
	together(c, slices.Concat(sixteen(mountPoint+"/each/full_ex"), sixteen(mountPoint+"/pid/PID/full_ex"), members(plain, alice)))
	heldAgainst(c, mountPoint+"/pid/4711/full_ex", func() {})
}

// anameEach has a session an open on the plain path of its mount.
func anameEach(c *check) {
	remounted(c, "aname=/each", func() {
		together(c, sixteen(plain))
		first, second := c.filled(plain, 2, 2), c.filled(plain, 2, 4)
		c.read(first, 4, 2)
		c.read(second, 4, 4)
		c.close(first)
		c.close(second)
	})
}

// heldAgainst has a process hold a device that another of its user is refused,
// without harm to the first. Meanwhile it does something else.
func heldAgainst(c *check, path string, meanwhile func()) {
	holder := c.start(alice, nil, "hold", path)
	c.line(holder, "holding")
	c.wait(c.start(alice, nil, "refused", path, "EACCES"))
	meanwhile()
	c.release(holder)
	c.wait(holder)
}

// roleHold holds the device until it is released.
func roleHold(c *check, args []string) {
	d := c.filled(ownPath(args[0]), 9, 2)
	say("holding")
	hearEnd(c)
	c.read(d, 4, 2)
	c.close(d)
}

func roleRefused(c *check, args []string) { c.refusedOpen(ownPath(args[0]), args[1]) }
