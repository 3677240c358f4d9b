//go:build linux

package main

import (
	"slices"
	"strconv"
)

// User IDs in the guest. They need no names.
const (
	alice = 1000
	bob   = 1001
)

// member is one of several processes that have devices open at the same time.
type member struct {
	uid  uint32
	path string // PID stands for the process ID
}

// members returns a process of each user, at the same path.
func members(path string, uids ...uint32) []member {
	var list []member
	for _, uid := range uids {
		list = append(list, member{uid, path})
	}
	return list
}

// sixteen returns 16 processes of one user at a path.
func sixteen(path string) []member { return members(path, slices.Repeat([]uint32{alice}, 16)...) }

// together runs the role session in all processes at the same time. They read only after all
// have written.
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

// roleSession pushes values of its own, waits until all other processes have done so, and
// expects to pop its own values only.
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

// twoUsers expects a deque for each user at the plain door. A second process of a user is
// refused.
func twoUsers(c *check) {
	together(c, members(plain, alice, bob))
	refusesASecond(c, plain, func() { c.wait(c.start(bob, nil, "open-soon", plain)) })
}

// processes expects a deque for each of many processes of one user: 16 at the door /each, 16
// at /pid/PID and one at the plain door, all at the same time.
func processes(c *check) {
	together(c, slices.Concat(sixteen(mountPoint+"/each/full_ex"), sixteen(mountPoint+"/pid/PID/full_ex"), members(plain, alice)))
	refusesASecond(c, mountPoint+"/pid/4711/full_ex", func() {})
}

// anameEach mounts /each as the root. Each open of full_ex there has a session of its own.
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

// refusesASecond opens a device in a process. Then it expects that another process of the same
// user is refused and does no harm to the first. It calls meanwhile while the device is open.
func refusesASecond(c *check, path string, meanwhile func()) {
	holder := c.start(alice, nil, "hold", path)
	c.line(holder, "holding")
	c.wait(c.start(alice, nil, "refused", path, "EACCES"))
	meanwhile()
	c.release(holder)
	c.wait(holder)
}

// roleHold keeps the device open until its input ends.
func roleHold(c *check, args []string) {
	d := c.filled(ownPath(args[0]), 9, 2)
	say("holding")
	hearEnd(c)
	c.read(d, 4, 2)
	c.close(d)
}

// roleRefused expects that an open fails.
func roleRefused(c *check, args []string) { c.refusedOpen(ownPath(args[0]), args[1]) }
