//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"

	"fullex/device/contract"
	"fullex/tests/programs"
)

const fuseMount = "/tmp/fuse"

// overFUSE mounts with FUSE, where every process has a deque of its own at the
// plain path and every result is the device's, whatever the kernel's 9p client
// makes of it.
func overFUSE(c *check) {
	withFUSE(c, func() { fuseIsTheModule(c, fuseMount+"/full_ex") })
}

// withFUSE runs a scenario with a mount for all users.
func withFUSE(c *check, scenario func()) {
	c.must("mkdir", os.MkdirAll(fuseMount, 0o755))
	c.same("mount", c.typed("fullex mount --daemon --allow-other "+fuseMount), "")
	scenario()
	if out := c.typed("fullex umount " + fuseMount); strings.TrimSpace(out) != "" {
		c.errorf("umount: %s", out)
	}
}

// programsOverFUSE runs people's own tests of the module as they are.
func programsOverFUSE(c *check) {
	withFUSE(c, func() {
		for _, p := range programs.All {
			c.program(p, fuseMount+"/full_ex")
		}
	})
}

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

// roleOpensTwice is refused the second time.
func roleOpensTwice(c *check, args []string) {
	d := c.open(args[0])
	c.refusedOpen(args[0], "EACCES")
	c.close(d)
}
