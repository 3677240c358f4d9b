//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"

	"fullex/device/contract"
	"fullex/tests/programs"
)

// fuseMount is the directory of FUSE mounts.
const fuseMount = "/tmp/fuse"

// overFUSE mounts with FUSE. There every process has a deque of its own at full_ex. Every
// result must be that of the device, because Linux's 9p client is not involved.
func overFUSE(c *check) {
	withFUSE(c, func() { fuseIsTheModule(c, fuseMount+"/full_ex") })
}

// withFUSE runs a scenario with a FUSE mount for all users. The mount has a server of its own.
func withFUSE(c *check, scenario func()) {
	c.must("mkdir", os.MkdirAll(fuseMount, 0o755))
	c.same("mount", c.typed("fullex mount --daemon --allow-other "+fuseMount), "")
	scenario()
	if out := c.typed("fullex umount " + fuseMount); strings.TrimSpace(out) != "" {
		c.errorf("umount: %s", out)
	}
}

// programsOverFUSE runs all C programs on a FUSE mount.
func programsOverFUSE(c *check) {
	withFUSE(c, func() {
		for _, p := range programs.All {
			c.program(p, fuseMount+"/full_ex")
		}
	})
}

// fuseIsTheModule expects that the device behaves as the module does: for traces, for users and
// processes at the same time, for a second open and for killed processes.
func fuseIsTheModule(c *check, path string) {
	eachTrace(c, func(name string, calls contract.Trace) {
		replay(c, name, calls, path, asRecorded, func(*contract.Device) {})
	})
	together(c, append(sixteen(path), members(path, bob, 0)...))
	c.wait(c.start(alice, nil, "opens-twice", path))
	for range 5 {
		p := c.start(alice, nil, "hold", path)
		c.line(p, "holding")
		c.has("awk 'NR > 1 { print $2, $3 }' "+fuseMount+"/sessions", fmt.Sprintf("/pid/%d %d\n", p.cmd.Process.Pid, alice))
		c.must("kill", p.cmd.Process.Kill())
		_ = p.cmd.Wait() // killed
	}
	c.has("grep -c 'full_ex: procfile is created' "+fuseMount+"/kmsg", "1")
}

// roleOpensTwice opens a device twice and expects that the second open is refused.
func roleOpensTwice(c *check, args []string) {
	d := c.open(args[0])
	c.refusedOpen(args[0], "EACCES")
	c.close(d)
}
