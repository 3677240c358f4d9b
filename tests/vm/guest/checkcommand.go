package main

import (
	"fmt"
	"strings"
)

// checkCommand has fullex check try the whole contract through v9fs, at every
// door, and through FUSE. A server of the guest's own is unloaded by it, too.
func checkCommand(c *check) {
	withOwnServer(c, func() {
		c.checked("--door plain "+ownMount, "process.own", "write.empty")
		c.checked("--door pid "+ownMount, "open.each", "write.empty")
		c.checked("--door each "+ownMount, "open.twice", "write.empty")
		c.checked("unix:"+socket, "open.each", "fork.own")
	})
	withFUSE(c, func() { c.checked(fuseMount, "open.each", "write.empty") })
}

// checked runs all cases. None may fail, and those named are among the skipped.
func (c *check) checked(arguments string, skipped ...string) {
	// A guest is slow, and what takes its time is no hang.
	out := c.typed("fullex check --timeout 5m --seed 7 --sessions 20 --format ktap " + arguments + "; echo status $?")
	c.same("fullex check "+arguments, out[strings.LastIndex(out, "status"):], "status 0\n")
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "not ok ") {
			c.errorf("check %s: %s", arguments, line)
		}
	}
	for _, id := range skipped {
		if !strings.Contains(out, fmt.Sprintf(" %s # SKIP ", id)) {
			c.errorf("check %s: %s was not skipped", arguments, id)
		}
	}
}
